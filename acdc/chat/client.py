"""Asks a model behind an OpenAI-compatible endpoint, many calls at a time, each once.

Guarantees: replies come back in the order of the calls; every reply is in the transcript before anything else happens, so a call
that was answered is never made again; no more than ``concurrency`` sockets; a call ends after ``timeout`` seconds even if its reply
never does, and no reply takes more than ``reply_mb``; no call begins whose prompt and longest reply would exceed the budget. After the first failure
for good no further call begins, those under way are waited for and kept.

Not guaranteed: that a failed attempt cost nothing (what an endpoint charges for a reply that never came is not known here); that a prompt
has no more tokens than was estimated, so the last calls may exceed the budget by what it has more.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from acdc.chat.call import Call, Reply, spent_on
from acdc.chat.completion import reply_of
from acdc.chat.connection import open_client
from acdc.chat.outages import (
    SCHEMA,
    BudgetSpent,
    Outage,
    as_reply,
    fatal,
    is_outage,
    refused_field,
    retry_after,
)
from acdc.chat.settings import EndpointSettings
from acdc.chat.transcript import Keeper, Replay
from acdc.errors import InfrastructureError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Note = Callable[..., None]


def response_format(schema: str) -> dict[str, object]:
    """How a reply is asked to be JSON: of this schema, or of any where there is none."""
    if not schema:
        return {"type": "json_object"}
    return {"type": SCHEMA, SCHEMA: {"name": "reply", "strict": True, "schema": json.loads(schema)}}


class _Stopped(Exception):  # noqa: N818 - no error: another call has failed
    """This call never began."""


class Chat:
    """One endpoint in one role of a run. Use it as a context manager, or close it.

    Args:
        role: scientist, gibberish, answers.
        settings: The endpoint.
        transcript: Of the run, or another object that keeps replies; None keeps nothing.
        replay: Answers in place of the endpoint.
        note: Told of every call that was made (``Journal.note``): seconds, attempts, tokens, price.
    """

    def __init__(
        self,
        role: str,
        settings: EndpointSettings,
        transcript: Keeper | None = None,
        replay: Replay | None = None,
        note: Note = lambda kind, **detail: None,
    ) -> None:
        self.role, self.settings = role, settings
        self._transcript, self._replay, self._note = transcript, replay, note
        self._runner: asyncio.Runner | None = None
        self._client: AsyncOpenAI | None = None
        self._slots: asyncio.Semaphore | None = None
        self._spent = transcript.spent(role) if transcript else (0, 0)
        self._reserved = (0, 0)
        self._refused: set[str] = set()

    def __enter__(self) -> "Chat":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def keep_in(self, transcript: Keeper, note: Note) -> None:
        """Keep calls in a run's transcript from now on, and take over what it has."""
        self._transcript, self._note = transcript, note
        self._spent = transcript.spent(self.role)

    def close(self) -> None:
        """Close every connection."""
        if self._runner is not None:
            self._runner.run(self._end())
            self._runner.close()
        self._runner = self._client = None

    async def _end(self) -> None:
        # After a signal calls are still under way; they must not go on with a closed client.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    def ask(self, calls: Sequence[Call]) -> list[Reply]:
        """The replies to calls, in their order.

        Raises:
            InfrastructureError: The endpoint is out of reach, refuses, or the budget is spent; every reply that came is kept.
            InputError: The transcript that is replayed lacks a call.
        """
        results = self._results(calls)
        errors = [one for one in results if isinstance(one, BaseException) and not isinstance(one, _Stopped)]
        # What has to be fixed comes before what passes by itself.
        for error in sorted(errors, key=lambda one: isinstance(one, Outage)):
            raise error
        return [one for one in results if isinstance(one, Reply)]

    def ask_each(self, calls: Sequence[Call]) -> list[Reply | None]:
        """As :meth:`ask`, but a call whose endpoint is out of reach has no reply (None), and the others are asked all the same."""
        results = self._results(calls, stop_at_outage=False)
        for one in results:
            if isinstance(one, BaseException) and not isinstance(one, Outage | _Stopped):
                raise one
        return [one if isinstance(one, Reply) else None for one in results]

    def _results(self, calls: Sequence[Call], *, stop_at_outage: bool = True) -> list[Reply | BaseException]:
        known: dict[str, Reply | BaseException] = {}
        for call in calls:
            if self._transcript is not None and (kept := self._transcript.reply(call)) is not None:
                known[call.hash] = kept
            elif self._replay is not None and call.hash not in known:
                known[call.hash] = self._replay.reply(call)
                self._keep(call, self._replay.reply(call))
        open_ = {call.hash: call for call in calls if call.hash not in known}
        if open_:
            if self._runner is None:
                self._runner = asyncio.Runner()
            answers = self._runner.run(self._ask_all(list(open_.values()), stop_at_outage))
            known |= dict(zip(open_, answers, strict=True))
        return [known[call.hash] for call in calls]

    async def _ask_all(self, calls: Sequence[Call], stop_at_outage: bool) -> list[Reply | BaseException]:
        if self._client is None:
            self._client = open_client(self.settings)
            self._slots = asyncio.Semaphore(self.settings.concurrency)
        stop = asyncio.Event()
        return await asyncio.gather(
            *(self._ask_one(call, stop, stop_at_outage) for call in calls), return_exceptions=True
        )

    async def _ask_one(self, call: Call, stop: asyncio.Event, stop_at_outage: bool) -> Reply:
        assert self._slots is not None
        async with self._slots:
            if stop.is_set():
                raise _Stopped
            reserved = call.most_tokens
            try:
                self._check_budget(reserved)
                self._reserve(reserved, 1)
                try:
                    reply = await self._attempts(call, stop)
                finally:
                    self._reserve(reserved, -1)
            except InfrastructureError as error:
                if stop_at_outage or not isinstance(error, Outage):
                    stop.set()
                raise
            self._keep(call, reply)
            return reply

    async def _attempts(self, call: Call, stop: asyncio.Event) -> Reply:
        """One call, over again while the endpoint is out of reach."""
        began, attempt = asyncio.get_running_loop().time(), 0
        while True:
            attempt += 1
            body = self._body(call)
            try:
                reply = await asyncio.wait_for(self._attempt(call, body), self.settings.timeout)
            except (_openai_error(), TimeoutError, ValueError) as error:
                if (name := refused_field(error, body)) is not None:
                    self._refused.add(name)
                    continue
                lasting = as_reply(error, call)
                if lasting is None:
                    if not is_outage(error) or attempt > self.settings.retries or stop.is_set():
                        raise fatal(error, self.settings, attempt) from None
                    await asyncio.sleep(self._wait(error, call, attempt))
                    continue
                reply = lasting
            seconds = asyncio.get_running_loop().time() - began
            self._note(
                "call", role=self.role, label=call.label, seconds=round(seconds, 3), attempts=attempt,
                prompt_tokens=reply.prompt_tokens, tokens=reply.tokens, price=self._price(reply.prompt_tokens, reply.tokens),
            )  # fmt: skip
            return reply

    async def _attempt(self, call: Call, body: dict[str, Any]) -> Reply:
        assert self._client is not None
        try:
            done = await self._client.chat.completions.create(**body)
        except RecursionError:
            raise ValueError("JSON nested too deeply") from None
        return reply_of(done, call.model)

    def _body(self, call: Call) -> dict[str, object]:
        body: dict[str, Any] = {
            "model": call.model,
            "messages": [
                {"role": role, "content": content}
                for role, content in (
                    ("system", call.system),
                    ("user", call.user),
                    ("assistant", call.begin),
                )
                if content or role == "user"
            ],
            "temperature": call.temperature,
            "top_p": call.top_p,
            "max_tokens": call.max_tokens,
            "seed": call.seed,
        }
        if call.structured:
            body["response_format"] = response_format("" if SCHEMA in self._refused else call.schema)
        for name in self._refused & set(body):
            value = body.pop(name)
            if name == "max_tokens":
                body["max_completion_tokens"] = value
        return body

    def _wait(self, error: Exception, call: Call, attempt: int) -> float:
        """Seconds until the next attempt: what the endpoint says, else doubling, spread so that not all come back at once."""
        asked, limit = retry_after(error), self.settings.max_wait
        if asked is not None:
            if asked > limit:
                raise Outage(
                    f"the endpoint {self.settings.base_url} asks to wait {asked:.0f} s, longer than max_wait = {limit:g} s. "
                    "Everything that came is kept: run the same command again then"
                )
            return asked
        spread = 0.75 + 0.5 * int(call.hash[:4], 16) / 0xFFFF
        return float(min(limit, self.settings.backoff * 2 ** (attempt - 1)) * spread)

    def _keep(self, call: Call, reply: Reply) -> None:
        spent = spent_on(call, reply)
        self._spent = (self._spent[0] + spent[0], self._spent[1] + spent[1])
        if self._transcript is not None:
            self._transcript.keep(call, reply)

    def _reserve(self, tokens: tuple[int, int], sign: int) -> None:
        self._reserved = (self._reserved[0] + sign * tokens[0], self._reserved[1] + sign * tokens[1])

    def _check_budget(self, reserved: tuple[int, int]) -> None:
        settings = self.settings
        most = [self._spent[i] + self._reserved[i] + reserved[i] for i in (0, 1)]
        spent = f"{sum(self._spent):,} tokens" + (
            f" for {self._price(*self._spent):.2f}" if settings.price_in or settings.price_out else ""
        )
        for name, limit, cost in (
            ("budget_tokens", settings.budget_tokens, float(sum(most))),
            ("budget_money", settings.budget_money, self._price(*most)),
        ):
            if limit is not None and cost > limit:
                raise BudgetSpent(
                    f"the {self.role}'s next call could exceed {name} = {limit:g}; {spent} are spent. "
                    f"Everything that came is kept: raise {name} and run again to go on"
                )

    def _price(self, prompt_tokens: int, tokens: int) -> float:
        return (prompt_tokens * self.settings.price_in + tokens * self.settings.price_out) / 1e6


def _openai_error() -> type[Exception]:
    import openai

    return openai.OpenAIError
