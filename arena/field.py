"""The field of a round: what enters beside the submissions, and under which names."""

from collections.abc import Mapping, Sequence

from agents.zoo import ShippedModel
from arena.divisions import Cost
from arena.records import ChampionRow, EntryKind, NewEntry, SubmissionRow
from arena.submission import defending_name, distinct_name


def choose_field(
    submissions: Sequence[SubmissionRow],
    champions: Mapping[EntryKind, ChampionRow],
    anchors: Sequence[ShippedModel],
    costs: Mapping[str, Cost],
) -> tuple[NewEntry, ...]:
    """Return the field: the reigning champions, the anchors, then the submissions as they came.

    Every model enters once. One that is there already, as champion or anchor or under the name of
    whoever submitted it first, does not enter again. Champion and anchors keep names that a
    submission took before they were there; the submission is told apart by a number.

    Args:
        submissions: those that count, one a name.
        champions: the reigning ones, by what they enter as.
        anchors: the shipped baselines.
        costs: what models cost, by SHA-256.
    """
    shipped = {model.sha256 for model in anchors}
    field: dict[str, NewEntry] = {}
    taken = {row.name: row.sha256 for row in submissions}
    taken |= {model.name: model.sha256 for model in anchors}
    for kind, champion in champions.items():
        others = {name for name, sha256 in taken.items() if sha256 != champion.sha256}
        name = defending_name(champion.name, champion.round, others)
        if name in others:  # both champions are of one author and round
            name += "~light"
        taken[name] = champion.sha256
        field.setdefault(
            champion.sha256,
            NewEntry(
                name=name,
                kind=kind,
                anchor=champion.sha256 in shipped,
                alone=champion.alone,
                sha256=champion.sha256,
                submission_id=champion.submission_id,
                cost=costs.get(champion.sha256),
            ),
        )
    for model in anchors:
        field.setdefault(
            model.sha256,
            NewEntry(
                name=model.name,
                kind=EntryKind.ANCHOR,
                anchor=True,
                alone=False,
                sha256=model.sha256,
                submission_id=None,
                cost=costs.get(model.sha256),
            ),
        )
    names = {entry.name for entry in field.values()}
    for row in submissions:
        field.setdefault(
            row.sha256,
            NewEntry(
                name=distinct_name(row.name, row.id, names),
                kind=EntryKind.SUBMISSION,
                anchor=False,
                alone=row.alone,
                sha256=row.sha256,
                submission_id=row.id,
                cost=costs.get(row.sha256),
            ),
        )
    return tuple(field.values())
