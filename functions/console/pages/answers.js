// The answers of a call's analysis that have no place of their own on the page.

/**
 * Parts of the analysis that contain answers of several questions; everything else at their level is an answer itself.
 */
const PARTS = new Set(["structuredOutputs", "structuredDataMulti", "structuredData", "scorecards"]);
const LABELS = ["name", "title", "label", "question", "field", "key"];
const RESULTS = ["result", "structuredData", "data", "value", "answer", "output", "score"];
const SCORE = "npsscore";
/** Characters of a reason that the API returns, less the blanks that may have been removed at the cut. */
const CUT = 90;

/** @typedef {Pick<Api.CallDetail, "nps_score" | "summary" | "call_reason" | "feedback">} Answered */

/**
 * All answers of a call except those that the page shows elsewhere, and empty ones. An answer is left out only if the
 * page shows exactly its text in the field's place: one that another answer overrode is shown.
 * @param {Answered} call
 * @returns {Array<[string, unknown]>} names and answers; nested objects stay as they are
 */
export function otherAnswers(call) {
  const places = placesOf(call);
  return [...answersIn(call.feedback?.structured_data ?? {})].filter(
    ([name, value]) => saysSomething(plain(name), value) && !stands(places.get(plain(name)), value),
  );
}

/**
 * Plain name of a field -> the text that the page shows of it, split into lines.
 * @param {Answered} call
 * @returns {Map<string, string[]>}
 */
function placesOf({ nps_score: score, summary, call_reason: reason, feedback }) {
  return new Map([
    [SCORE, score === null || score === undefined ? [] : [String(score)]],
    ["overallfeedback", linesOf(feedback?.content)],
    ["positives", linesOf(feedback?.positives)],
    ["detractors", linesOf(feedback?.detractors)],
    ["actionitems", linesOf(feedback?.action_items)],
    ["callreason", linesOf(reason)],
    ["summary", linesOf(summary)],
  ]);
}

/**
 * @param {Record<string, unknown>} data
 * @returns {Generator<[string, unknown]>}
 */
function* answersIn(data) {
  for (const [name, value] of Object.entries(data)) {
    if (PARTS.has(name)) {
      yield* answersOf(name, value);
    } else {
      yield [name, value];
    }
  }
}

/**
 * Answers of a part: those of each of its items, named by the item's name, else by its key.
 * @param {string} name
 * @param {unknown} value
 * @returns {Generator<[string, unknown]>}
 */
function* answersOf(name, value) {
  if (Array.isArray(value)) {
    for (const item of value) {
      yield* resultsOf(name, item);
    }
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      yield* resultsOf(key, item);
    }
  } else {
    yield [name, value];
  }
}

/**
 * @param {string} name
 * @param {unknown} item
 * @returns {Generator<[string, unknown]>}
 */
function* resultsOf(name, item) {
  const given = isObject(item) ? item : {};
  const key = RESULTS.find((known) => known in given);
  const label = LABELS.map((known) => given[known]).find((text) => typeof text === "string");
  const result = key === undefined ? item : given[key];
  if (isObject(result)) {
    yield* Object.entries(result);
  } else {
    yield [label ?? name, result];
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {boolean}
 */
function saysSomething(name, value) {
  if (Array.isArray(value) || isObject(value)) {
    return Object.values(value).some((item) => saysSomething(name, item));
  }
  const text = String(value ?? "").trim();
  return text !== "" && text.toUpperCase() !== "UNKNOWN" && !(name === SCORE && Number(text) === -1);
}

/**
 * Whether the page shows this answer in its place; a long reason is cut there.
 * @param {string[] | undefined} place
 * @param {unknown} value
 */
function stands(place, value) {
  if (place === undefined) {
    return false;
  }
  const [shown, said] = [place.join("\n"), linesOf(value).join("\n")];
  return said === shown || Number(said) === Number(shown) || (shown.length >= CUT && said.startsWith(shown));
}

/** @param {unknown} value */
function linesOf(value) {
  const items = Array.isArray(value) ? value : [value];
  return items
    .flatMap((item) => (isObject(item) ? JSON.stringify(item) : String(item ?? "")).split("\n"))
    .map((line) => line.trim())
    .filter((line) => line && line.toUpperCase() !== "UNKNOWN");
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {string} name */
function plain(name) {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}
