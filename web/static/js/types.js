// @ts-check
/**
 * The shapes that travel between the server and these modules; the server's side is
 * `replays/view.py` and `web/messages.py`.
 */

/** An absolute direction or heading: 0 up, 1 right, 2 down, 3 left. @typedef {0|1|2|3} Action */

/** A position in every pair. @typedef {0|1} Seat */

/** Row and column, wall border included; fractions while a rider is between cells. @typedef {[number, number]} Cell */

/** @typedef {"none"|"wall"|"self"|"opponent"|"head_on"} Cause */

/** @typedef {"ongoing"|"first_wins"|"second_wins"|"draw"|"truncated"} Outcome */

/** @typedef {"rules"|"forfeit"|"abandoned"} Ending */

/**
 * A whole game, or what is known of one.
 * @typedef {object} ReplayView
 * @property {number} height
 * @property {number} width
 * @property {[string, string]} names
 * @property {["model"|"person", "model"|"person"]} kinds
 * @property {number} plies
 * @property {[Cell|null, Cell|null]} lead_in  the cell behind the spawn that is trail from the start
 * @property {[Cell[], Cell[]]} trails  the cell of each rider at ply 0, 1, …; a dead one's ends early
 * @property {[Action, Action]} headings
 * @property {[Cause, Cause]} causes
 * @property {Outcome} outcome
 * @property {Ending} ending
 * @property {{ply: number, seat: Seat}|null} takeover  where a person went on from another replay
 */

/**
 * One rider as it is to be drawn.
 * @typedef {object} RiderPose
 * @property {Cell[]} points  cells of the ribbon, oldest first; the last is where the head is drawn
 * @property {Cell} cell  the cell the rider stands on by the rules
 * @property {Action} heading
 * @property {boolean} alive
 * @property {boolean} person
 * @property {Action[]} pending  turns asked for that the server has not played yet
 * @property {Cell|null} turnsAt  where the first of them will be ridden
 */

/**
 * Everything the board draws at one moment.
 * @typedef {object} Frame
 * @property {number} height
 * @property {number} width
 * @property {number} ply
 * @property {[RiderPose, RiderPose]} riders
 * @property {Outcome} outcome  "ongoing" until the last ply has been drawn
 * @property {boolean} over
 */

/**
 * Server: a game begins for this player, or goes on after the connection was lost.
 * @typedef {object} GameMessage
 * @property {number} game
 * @property {string} key  lets another connection go on with it
 * @property {boolean} resumed
 * @property {boolean} stands_in  not the rider of the replay that was taken over
 * @property {Seat} seat
 * @property {number} speed  plies a second
 * @property {number} countdown_ms
 * @property {OpponentName} opponent
 * @property {HumanRecord} record  the opponent's, before this game
 * @property {ReplayView} view
 */

/** Whom one rides against. @typedef {{spec: string, name: string, label: string, round: number|null}} OpponentName */

/** Server: one waits in line; `place` is 1 for who is next. @typedef {{place: number, opponent: OpponentName, offer: OpponentName|null}} WaitingMessage */

/** Server: how a game stands, for a client that missed ticks. @typedef {{game: number, view: ReplayView}} SnapshotMessage */

/** Server: a live game as it stands, for who watches. @typedef {{game: number, speed: number, opponent: OpponentName, frozen: boolean, view: ReplayView}} WatchedMessage */

/** Server: a watched game has ended. @typedef {{game: number, text: string, view: ReplayView}} OverMessage */

/** Server: game, ply, then row and column of both riders and their headings. @typedef {[number, number, number, number, number, number, Action, Action]} TickMessage */

/** A model's games against people, from its side. @typedef {{text: string, wins: number, losses: number, draws: number, abandoned: number}} HumanRecord */

/**
 * Server: a game is over.
 * @typedef {object} EndMessage
 * @property {number} game
 * @property {number} ply
 * @property {"won"|"lost"|"draw"|"void"} result
 * @property {string} text
 * @property {ReplayView} view
 * @property {string|null} replay  address of the stored replay
 * @property {HumanRecord} record  the opponent's
 */

/** Server: what was asked for is refused and changed nothing. @typedef {{code: string, message: string}} RefusedMessage */

export {};
