"""From settings to proposers: which ones a run has, with which shares, and how each is built."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from heuresis.archive.records import Trial
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.pools import SEARCH
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.models.calls import Caller, Ledger
from heuresis.evolve.models.errors import PriceUnknown
from heuresis.evolve.proposers.proposer import Proposer
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.telling import Tell, silent
from heuresis.problems.problem import Problem

OFFLINE = "offline"
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Setting:
    """What proposers are built from. `stack` closes what they hold open when the search ends."""

    problem: Problem
    config: Config
    assessor: Assessor
    ledger: Ledger
    stack: ExitStack
    tell: Tell = silent  # what people should know; from any thread
    fresh: bool = True  # nothing has been searched yet: a resumed run may need no model any more


def shares(config: Config) -> Mapping[str, float]:
    """Proposers by the name under which they are built, with their shares.

    Without `--mix` the models share equally, or the offline search does all. In a mix a model may be named without
    its file (`local`), and need not be named by `--model` too. Raises ConfigError where a model gets no share.
    """
    if not config.mix:
        return dict.fromkeys(config.models or (OFFLINE,), 1.0)
    full = {model.partition(":")[0]: model for model in config.models if model.startswith(LOCAL + ":")}
    found: dict[str, float] = {}
    for name, share in config.mix:
        key = full.get(name, name)
        if key in found:
            raise ConfigError(f"the mix names {name} twice; add the shares up")
        found[key] = share
    forgotten = [model for model in config.models if model not in found]
    if forgotten:
        raise ConfigError(f"the mix gives no share to {', '.join(forgotten)}; it names {', '.join(found)}")
    return found


def models_of(config: Config) -> tuple[str, ...]:
    """The models of a run, by the names under which their calls are kept."""
    return tuple(name for name in shares(config) if name != OFFLINE)


def make_mix(setting: Setting) -> Mix:
    """Build the proposers of a run. Raises ConfigError and ProposerUnavailable."""
    parts = shares(setting.config)
    return Mix(tuple(_make(name, setting) for name in parts), tuple(parts.values()), setting.tell)


def _make(name: str, setting: Setting) -> Proposer:
    if name == OFFLINE:
        from heuresis.evolve.proposers.offline import OfflineProposer

        return OfflineProposer(setting.problem, setting.assessor)
    if name == LOCAL or name.startswith(LOCAL + ":"):
        return _local(name, setting)
    return _remote(name, setting)


def _local(name: str, setting: Setting) -> Proposer:
    """A model on this machine, served for as long as the search lasts; a small one writes expressions only."""
    from heuresis.evolve.models.factory import caller_for
    from heuresis.evolve.models.local import LocalServer
    from heuresis.evolve.proposers.model import SketchProposer

    settings = setting.config.asked(name)
    server = setting.stack.enter_context(LocalServer(name))
    client = server.client(settings=settings, tell=setting.tell)
    caller = caller_for(client, setting.ledger, settings, one_slot=True)
    setting.stack.callback(caller.gate.close)
    if server.small:
        return SketchProposer(caller, setting.problem)
    return _whole_programs(caller, setting, grammar=True)


def _remote(name: str, setting: Setting) -> Proposer:
    """A model behind an endpoint; something answers there when a run begins."""
    from heuresis.evolve.models.factory import caller_for, client_for, probe

    config = setting.config
    settings = config.asked(name)
    try:
        client = client_for(name, settings=settings, budget_usd=config.budget_usd, tell=setting.tell)
    except PriceUnknown as error:
        raise ConfigError(str(error)) from error
    if setting.fresh:
        probe(client)
    caller = caller_for(client, setting.ledger, settings, tell=setting.tell)
    setting.stack.callback(caller.gate.close)
    return _whole_programs(caller, setting, grammar=config.grammar)


def _whole_programs(caller: Caller, setting: Setting, *, grammar: bool) -> Proposer:
    """Whoever asks a model for whole programs."""
    from heuresis.evolve.proposers.model import ModelProposer

    assessor = setting.assessor
    return ModelProposer(
        caller, setting.problem, check=assessor.check, explain=explainer(assessor), grammar=grammar, tell=setting.tell
    )


def explainer(assessor: Assessor) -> Callable[[Trial], str]:
    """Shows where a trial's program loses most on `search`; nothing for a trial without a program."""

    def explain(trial: Trial) -> str:
        source, evaluation = trial.proposal.source, trial.evaluation
        if source is None or evaluation is None:
            return ""
        return assessor.explain(source, SEARCH, assessor.worst(evaluation))

    return explain
