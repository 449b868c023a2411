// Games for the tests, small enough to follow by eye.

/** Seat 0 goes right three times and hits the wall at ply 3; seat 1 goes up and lives. */
export function crashView() {
  return {
    height: 8,
    width: 8,
    names: ["left", "right"],
    kinds: ["person", "model"],
    plies: 3,
    lead_in: [[2, 3], null],
    trails: [
      [[2, 4], [2, 5], [2, 6]],
      [[6, 6], [5, 6], [4, 6], [3, 6]],
    ],
    headings: [1, 0],
    causes: ["wall", "none"],
    outcome: "second_wins",
    ending: "rules",
  };
}

/** The same game before its first ply, as the server opens it. */
export function openingMessage(seat = 0) {
  const view = crashView();
  view.trails = [[[2, 4]], [[6, 6]]];
  view.plies = 0;
  view.causes = ["none", "none"];
  view.outcome = "ongoing";
  return { game: 7, key: "k", resumed: false, seat, speed: 10, countdown_ms: 1500, opponent: { name: "right", label: "", round: null }, view };
}
