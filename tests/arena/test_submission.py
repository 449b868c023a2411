from arena.submission import defending_name


def test_a_defender_is_told_apart_only_where_it_must():
    assert defending_name("ann", 3, {"bob"}) == "ann"
    assert defending_name("ann", 3, {"ann"}) == "ann@3"
    assert defending_name("ann@2", 3, {"ann"}) == "ann@3"
    assert defending_name("ann@2", 3, set()) == "ann"
