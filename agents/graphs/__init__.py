"""Heuristics compiled to ONNX graphs under the policy contract: no training, no weights.

``builder`` is a small layer over ``onnx.helper`` in which graphs read like array code, ``boards``
holds board operations on packed bits, ``heuristics`` the compiled agents. A model of your own:

    from agents.graphs.heuristics import build_voronoi
    from agents.heuristic import Reply, TieBreak, Voronoi

    model = build_voronoi(Voronoi(reply=Reply.MEAN, tie=TieBreak.OPEN))
    pathlib.Path("mine.onnx").write_bytes(model)

``search`` compiles tree searches, which a network may guide (``prior``), ``twin`` plays the same
descriptions in Numba; ``python -m agents.graphs.compile`` makes one of your own (see
``docs/compile_a_search.md``).

``python -m agents.graphs`` writes the shipped ones again, byte for byte.
"""
