"""The field of a round: what enters beside the submissions, and under which names."""

from collections.abc import Sequence

from agents.zoo import ShippedModel
from arena.records import ChampionRow, EntryKind, NewEntry, SubmissionRow
from arena.submission import defending_name, distinct_name


def choose_field(
    submissions: Sequence[SubmissionRow],
    champion: ChampionRow | None,
    anchors: Sequence[ShippedModel],
) -> tuple[NewEntry, ...]:
    """Return the field: the reigning champion, the anchors, then the submissions as they came.

    Every model enters once. One that is there already, as champion or anchor or under the name of
    whoever submitted it first, does not enter again. Champion and anchors keep names that a
    submission took before they were there; the submission is told apart by a number.

    Args:
        submissions: those that count, one a name.
        champion: the reigning one.
        anchors: the shipped baselines.
    """
    shipped = {model.sha256 for model in anchors}
    field: dict[str, NewEntry] = {}
    if champion is not None:
        taken = {row.name for row in submissions if row.sha256 != champion.sha256}
        taken |= {model.name for model in anchors if model.sha256 != champion.sha256}
        field[champion.sha256] = NewEntry(
            name=defending_name(champion.name, champion.round, taken),
            kind=EntryKind.CHAMPION,
            anchor=champion.sha256 in shipped,
            alone=champion.alone,
            sha256=champion.sha256,
            submission_id=champion.submission_id,
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
            ),
        )
    return tuple(field.values())
