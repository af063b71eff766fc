// Written by `make constants` from the code of the server: change it there.

/** The statuses of a call, in the order in which a call passes them. */
export const STATUSES = /** @type {const} */ ([
  "Ready",
  "Scheduled",
  "Queued",
  "Ringing",
  "In Progress",
  "Forwarding",
  "Ended",
  "Completed",
  "Missed",
  "Failed"
]);

/** Statuses of a call that nobody has been rung for, if it has no time of its own. */
export const TO_COME = /** @type {const} */ ([
  "Ready",
  "Scheduled",
  "Queued"
]);

/** Statuses of a call that has come to an end. */
export const OVER = /** @type {const} */ ([
  "Completed",
  "Ended",
  "Missed",
  "Failed"
]);

/** How far along its way a call of this status is. */
export const STATUS_RANKS = /** @type {Readonly<Record<string, number>>} */ ({
  "Scheduled": 1,
  "Queued": 2,
  "Ringing": 3,
  "In Progress": 4,
  "Forwarding": 5
});

/** What may come of a call. */
export const OUTCOMES = /** @type {const} */ ([
  "reached",
  "transferred",
  "voicemail",
  "busy",
  "no_answer",
  "cancelled",
  "failed",
  "unknown"
]);

/** Outcomes of calls in which somebody answered. */
export const ANSWERED = /** @type {const} */ ([
  "reached",
  "transferred"
]);

/** Categories of the Net Promoter Score with their first and last score, from bad to good. */
export const NPS_CATEGORIES = /** @type {const} */ ([
  {
    "name": "detractor",
    "first": 0,
    "last": 6
  },
  {
    "name": "passive",
    "first": 7,
    "last": 8
  },
  {
    "name": "promoter",
    "first": 9,
    "last": 10
  }
]);

/** Directions that calls can be narrowed by. */
export const DIRECTIONS = /** @type {const} */ ([
  "outbound",
  "inbound",
  "web"
]);

/** Fewer digits of a number are refused. */
export const LEAST_DIGITS = 3;

/** The most rows of one page. */
export const LARGEST_PAGE = 200;

/** The most rows of one CSV file. */
export const LARGEST_FILE = 5000;

/** States of a follow-up in which the clock runs. */
export const UNANSWERED = /** @type {const} */ ([
  "open",
  "acknowledged"
]);

/** What a person may do with a follow-up: the state that it is in, and the one that it gets. */
export const TRANSITIONS = /** @type {const} */ ([
  {
    "from": "open",
    "to": "acknowledged"
  },
  {
    "from": "open",
    "to": "dismissed"
  },
  {
    "from": "open",
    "to": "resolved"
  },
  {
    "from": "acknowledged",
    "to": "dismissed"
  },
  {
    "from": "acknowledged",
    "to": "open"
  },
  {
    "from": "acknowledged",
    "to": "resolved"
  },
  {
    "from": "resolved",
    "to": "open"
  },
  {
    "from": "dismissed",
    "to": "open"
  }
]);

/** The most characters of a follow-up's cause. */
export const LONGEST_CAUSE = 100;

/** The most characters of a note. */
export const LONGEST_NOTE = 4000;

/** The most characters of a saved view's name. */
export const LONGEST_VIEW_NAME = 60;
