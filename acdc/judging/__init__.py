"""From an answer to a verdict: pass, fail, or missing.

Promises: what an endpoint failed to say is missing, never a pass; a submission is data and cannot give its judge orders.
Door: extract.py (the answer in a reply), verdict.py (by rule or sandbox), judge.py (by a language model), requests.py
(judgements that the sandbox asks for), gibberish.py and llm_gibberish.py (can it be read), judge_audit.py (attacks on judges).
"""

__all__ = ["extract", "gibberish", "judge", "judge_audit", "llm_gibberish", "requests", "verdict"]
