"""The model proposers over real HTTP against a scripted server."""

import threading

import pytest
from model_parts import ATC, EDD, MDD, PROBLEM, SIGNATURE, MemoryLedger, request, trial
from scripted_server import Answer, ScriptedServer, completion, failure

from heuresis.evolve.errors import BudgetExhausted, ProposerUnavailable
from heuresis.evolve.models.calls import Caller
from heuresis.evolve.models.endpoint import OpenAIClient
from heuresis.evolve.models.prices import FREE, Price, per_million
from heuresis.evolve.proposers.model import ModelProposer, SketchProposer, choose_operator
from heuresis.sandbox.screen.screen import ScreenError, screen

PARENT = trial(0, MDD, 0.0145)
OTHER = trial(1, ATC, 0.03)
BETTER = f"{SIGNATURE}\n    return max(t + p, d) + 0.1 * p\n"
FULL = f"Idea: break ties.\n```python\n{BETTER}```"
WRONG = f"```python\n{SIGNATURE}\n    return max(t + p, due)\n```"


def check(source: str) -> str | None:
    try:
        screen(source, PROBLEM.contract.allow_list())
    except ScreenError as error:
        return str(error)
    return None


def caller(server: ScriptedServer, ledger: MemoryLedger, price: Price = FREE, timeout: float = 5.0) -> Caller:
    client = OpenAIClient(
        "scripted", "m", base_url=server.url, api_key="k", price=price, max_tokens=500, timeout=timeout
    )
    return Caller(client, ledger, sleep=lambda _: None)


def proposer(server: ScriptedServer, ledger: MemoryLedger | None = None, **settings: object) -> ModelProposer:
    asked = caller(server, ledger or MemoryLedger())
    return ModelProposer(asked, PROBLEM, check=check, explain=lambda t: f"table of {t.proposal.number}", **settings)


def propose(*answers: Answer, parents=(PARENT,), **settings: object):
    with ScriptedServer(*answers) as server:
        return proposer(server, **settings).propose(request(7, *parents)), server.seen


def test_a_program_in_full() -> None:
    draft, seen = propose(completion(FULL))
    assert draft.source == BETTER
    assert draft.reason == ""
    assert draft.parents == (PARENT.proposal.candidate,)
    user = seen[0]["messages"][1]["content"]
    assert "max(t + p, d)" in user
    assert "table of 0" in user


def test_changes_to_the_first_parent() -> None:
    text = "<<<<<<< SEARCH\n    return max(t + p, d)\n=======\n    return max(t + p, d) + 0.1 * p\n>>>>>>> REPLACE"
    draft, seen = propose(completion(text))
    assert draft.source == BETTER
    assert len(seen) == 1


def test_one_repair_turn_with_the_message_of_the_screen() -> None:
    draft, seen = propose(completion(WRONG), completion(FULL))
    assert draft.source == BETTER
    assert len(seen) == 2
    roles = [m["role"] for m in seen[1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert "`due`" in seen[1]["messages"][3]["content"] or "due" in seen[1]["messages"][3]["content"]


def test_after_a_repair_that_fails_the_last_program_goes_on_to_be_recorded() -> None:
    draft, seen = propose(completion(WRONG), completion("sorry"))
    assert draft.source is not None
    assert "due" in draft.source
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (completion("I cannot help with that."), "I cannot help"),
        (completion(None, refusal="No."), "No."),
        (completion(None), "empty"),
        (completion(f"```python\n{SIGNATURE}\n    return max(", finish="length"), "cut off"),
        (Answer(body=b'{"choices": []}'), "no chat completion"),
        (Answer(body=b"{not json"), "not JSON"),
        (failure(400, "too long"), "too long"),
        (failure(500, "broken"), "broken"),
    ],
)
def test_a_failed_attempt_is_a_draft_with_a_reason(answer: Answer, words: str) -> None:
    draft, _ = propose(answer)
    assert draft.source is None
    assert words in draft.reason


def test_a_connection_cut_in_the_middle_is_tried_again() -> None:
    cut = completion(FULL)
    cut.drop = 40
    draft, seen = propose(cut, completion(FULL))
    assert draft.source == BETTER
    assert len(seen) == 2


def test_wrong_key_and_unknown_model_end_the_proposer() -> None:
    for status in (401, 404):
        with pytest.raises(ProposerUnavailable):
            propose(failure(status))


def test_the_budget_is_asked_before_the_repair_turn_too() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(completion(WRONG, tokens=(1_000, 1_000))) as server:
        asked = caller(server, ledger, per_million(10.0, 10.0))
        made = ModelProposer(asked, PROBLEM, check=check, explain=lambda _: "")
        ledger.budget = 0.03
        with pytest.raises(BudgetExhausted):
            made.propose(request(7, PARENT))
        assert len(server.seen) == 1
    assert [c.turn for c in ledger.rows] == [0]


def test_the_same_request_asks_the_same_and_others_differ() -> None:
    with ScriptedServer(completion(FULL)) as server:
        for number in (7, 7, 8, 9):
            proposer(server).propose(request(number, PARENT, OTHER))
    first, second, *others = server.seen
    assert first == second
    assert all(other["seed"] != first["seed"] for other in others)


def test_replay_calls_nothing_again() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(completion(WRONG), completion(FULL)) as server:
        before = proposer(server, ledger).propose(request(7, PARENT))
        after = proposer(server, ledger).propose(request(7, PARENT))
        assert len(server.seen) == 2
    assert before == after
    assert before.source == BETTER


def test_replay_from_between_the_turns_goes_on_with_the_repair() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(completion(WRONG), completion(FULL)) as server:
        proposer(server, ledger).propose(request(7, PARENT))
        ledger.rows.pop()
        draft = proposer(server, ledger).propose(request(7, PARENT))
        assert len(server.seen) == 3
    assert draft.source == BETTER
    assert [(c.turn, c.attempt) for c in ledger.rows] == [(0, 0), (1, 0)]


def test_the_grammar_is_sent_when_asked_for() -> None:
    _, plain = propose(completion(FULL))
    _, constrained = propose(completion(FULL), grammar=True)
    assert "grammar" not in plain[0]
    assert constrained[0]["grammar"].startswith('root ::= "def priority(p, d, t, n_left, p_mean):')


def test_failures_come_with_their_messages() -> None:
    bad = trial(3, "def priority(p):\n    return p\n", None, "expected the parameters p, d")
    none = trial(4, None, None, "the reply is empty")
    with ScriptedServer(completion(FULL)) as server:
        proposer(server).propose(request(7, PARENT, failures=(bad, none)))
        user = server.seen[0]["messages"][1]["content"]
    assert "rejected: expected the parameters p, d" in user
    assert "the reply is empty" in user


def test_without_parents_it_explores() -> None:
    draft, seen = propose(completion(FULL), parents=())
    assert (draft.operator, draft.parents) == ("explore", ())
    assert "There is no program yet" in seen[0]["messages"][1]["content"]


def test_all_operators_are_drawn_and_combine_needs_two_parents() -> None:
    drawn = {choose_operator(request(n, PARENT, OTHER)) for n in range(60)}
    alone = {choose_operator(request(n, PARENT)) for n in range(60)}
    assert drawn == {"improve", "combine", "simplify", "explore"}
    assert alone == drawn - {"combine"}


def test_many_threads_share_one_proposer() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(completion(FULL)) as server:
        made, drafts = proposer(server, ledger), []
        threads = [
            threading.Thread(target=lambda n=n: drafts.append(made.propose(request(n, PARENT)))) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [d.source for d in drafts] == [BETTER] * 8
    assert {c.number for c in ledger.rows} == set(range(8))


def sketcher(server: ScriptedServer, ledger: MemoryLedger | None = None) -> SketchProposer:
    return SketchProposer(caller(server, ledger or MemoryLedger()), PROBLEM, name="local")


def test_a_small_model_writes_one_expression_of_a_program() -> None:
    operators = set()
    with ScriptedServer(completion("0.5 * p")) as server:
        made = sketcher(server)
        assert made.name == "local"
        for number in range(30):
            draft = made.propose(request(number, PARENT, OTHER))
            operators.add(draft.operator)
            assert draft.source is not None
            assert check(draft.source) is None
            assert draft.parents or draft.operator == "explore"
        bodies = server.seen
    assert operators == {"explore", "extend", "replace"}
    assert all("root ::= " in body["grammar"] for body in bodies)
    assert all(body["messages"][-1]["role"] == "assistant" for body in bodies)


def test_a_small_model_without_parents_explores() -> None:
    with ScriptedServer(completion("return d - 0.5 * p")) as server:
        draft = sketcher(server).propose(request(1))
    assert (draft.operator, draft.source) == ("explore", f"{SIGNATURE}\n    return d - 0.5 * p\n")


def test_a_small_model_that_fails_gives_a_reason() -> None:
    for answer, words in ((completion(""), "empty"), (failure(500, "broken"), "broken")):
        with ScriptedServer(answer) as server:
            draft = sketcher(server).propose(request(1, trial(0, EDD, 0.5)))
        assert draft.source is None
        assert words in draft.reason


def test_a_small_model_replays_too() -> None:
    ledger = MemoryLedger()
    with ScriptedServer(completion("0.5 * p")) as server:
        drafts = [sketcher(server, ledger).propose(request(3, PARENT)) for _ in range(2)]
        assert len(server.seen) == 1
    assert drafts[0] == drafts[1]
