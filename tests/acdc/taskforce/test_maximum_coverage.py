import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from acdc.errors import InputError
from acdc.selection import dns
from acdc.skills import coverage
from acdc.taskforce import maximum_coverage as taskforce

# The textbook case: greedy takes the big row first and then needs both others.
TRAP = np.array([[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 1, 0], [0, 0, 1, 1, 0, 1]], dtype=bool)


def best_by_trying_all(skills, n, forced=(), excluded=()):
    rows = [row for row in range(len(skills)) if row not in excluded]
    return max(
        coverage(skills[list(team)]) for team in itertools.combinations(rows, n) if set(forced) <= set(team)
    )


def test_greedy_takes_who_adds_most():
    assert taskforce.greedy(TRAP, 2).tolist() == [0, 1]
    assert coverage(TRAP[taskforce.greedy(TRAP, 2)]) == 5 / 6


def test_greedy_ties_go_to_the_fitter_then_to_the_older():
    skills = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 1], [0, 1, 0, 0, 1]], dtype=bool)
    assert taskforce.greedy(skills, 4).tolist() == [0, 2, 1, 3]


def test_greedy_goes_on_when_nothing_is_gained_unless_asked_to_stop():
    skills = np.array([[1, 1], [0, 0], [1, 0]], dtype=bool)
    assert taskforce.greedy(skills, 3).tolist() == [0, 2, 1]
    assert taskforce.greedy(skills, 3, stop_when_full=True).tolist() == [0]


def test_forced_members_come_first_and_excluded_ones_never():
    assert taskforce.greedy(TRAP, 2, forced=[2], excluded=[0]).tolist() == [2, 1]
    assert taskforce.greedy(TRAP, 1, forced=[2]).tolist() == [2]


def test_a_smaller_task_force_is_the_beginning_of_a_larger_one():
    skills = np.random.default_rng(1).random((20, 50)) < 0.2
    assert taskforce.greedy(skills, 8)[:3].tolist() == taskforce.greedy(skills, 3).tolist()


def test_exact_escapes_the_trap_and_proves_it():
    optimum = taskforce.exact(TRAP, 2)
    assert sorted(optimum.indices.tolist()) == [1, 2]
    assert (optimum.coverage, optimum.bound, optimum.proven) == (1.0, 1.0, True)


@settings(max_examples=40, deadline=None)
@given(
    arrays(bool, st.tuples(st.integers(3, 7), st.integers(1, 8))),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
)
def test_exact_finds_what_trying_all_finds(skills, n, force, exclude):
    forced, excluded = ([1] if force else []), ([0] if exclude and n <= len(skills) - 1 else [])
    optimum = taskforce.exact(skills, n, forced=forced, excluded=excluded)
    assert optimum.coverage == pytest.approx(best_by_trying_all(skills, n, forced, excluded))
    assert optimum.proven
    assert optimum.bound == pytest.approx(optimum.coverage)
    assert len(set(optimum.indices.tolist())) == n
    assert coverage(skills[optimum.indices]) == optimum.coverage


def test_exact_that_runs_out_of_nodes_claims_no_proof_and_a_bound_that_holds():
    rng = np.random.default_rng(0)
    skills = rng.random((60, 150)) < rng.beta(1, 5, 150)
    stopped = taskforce.exact(skills, 6, node_limit=1)
    greedy = coverage(skills[taskforce.greedy(skills, 6)])
    assert not stopped.proven
    assert greedy <= stopped.coverage < stopped.bound <= coverage(skills)


def test_exact_is_the_same_every_time():
    rng = np.random.default_rng(4)
    skills = rng.random((30, 60)) < rng.beta(1, 4, 60)
    assert taskforce.exact(skills, 4).indices.tolist() == taskforce.exact(skills, 4).indices.tolist()


def test_by_fitness_takes_the_fittest_whatever_they_share():
    skills = np.array([[0, 0, 1], [1, 1, 0], [1, 1, 0]], dtype=bool)
    assert taskforce.by_fitness(skills, 2).tolist() == [1, 2]
    assert taskforce.by_fitness(skills, 2, forced=[0]).tolist() == [0, 1]


def test_by_random_follows_its_stream_and_keeps_to_forced_and_excluded():
    for seed in range(10):
        team = taskforce.by_random(
            TRAP.repeat(3, axis=0), 4, np.random.default_rng(seed), forced=[2], excluded=[0]
        )
        again = taskforce.by_random(
            TRAP.repeat(3, axis=0), 4, np.random.default_rng(seed), forced=[2], excluded=[0]
        )
        assert team.tolist() == again.tolist()
        assert team[0] == 2
        assert 0 not in team
        assert len(set(team.tolist())) == 4


def test_by_dns_is_the_survivors_of_dns():
    skills = np.random.default_rng(2).random((12, 30)) < 0.4
    assert taskforce.by_dns(skills, 4).tolist() == dns.survivors(skills, skills.mean(axis=1), 4).tolist()
    assert taskforce.by_dns(skills, 3, forced=[5], excluded=[0])[0] == 5


@pytest.mark.parametrize(
    ("n", "forced", "excluded"),
    [(4, [], []), (0, [], []), (1, [0, 1], []), (3, [], [0]), (2, [0, 0], []), (1, [0], [0]), (1, [7], [])],
)
def test_what_cannot_be_had_is_refused(n, forced, excluded):
    for choose in (taskforce.greedy, taskforce.exact, taskforce.by_fitness, taskforce.by_dns):
        with pytest.raises(InputError, match="task force"):
            choose(TRAP, n, forced=forced, excluded=excluded)


def test_importing_it_loads_neither_torch_nor_scipy():
    code = "import sys, acdc.taskforce; print([m for m in ('torch', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_limit_of_no_node_is_refused():
    with pytest.raises(InputError, match="node_limit"):
        taskforce.exact(TRAP, 2, node_limit=0)
