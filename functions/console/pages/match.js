// The hits of a search: the words around a hit in the list, and marks in the turn of the transcript.

import { fill, h } from "./dom.js";

/** @import {Child} from "./dom.js" */

/** @type {Record<string, string>} */
const PLACES = {
  summary: "Summary",
  complaint: "Complaint",
  action_item: "To do",
  praise: "Praise",
  feedback: "Feedback",
};
const QUOTED = /"([^"]*)"?|([^"]+)/g;
const WORD = /[\p{L}\p{N}]+/gu;

/**
 * Shows the text around a hit, with the hits marked; nothing without a hit.
 * @param {HTMLElement} element
 * @param {Api.Match | null | undefined} match
 */
export function showMatch(element, match) {
  const written = match ? JSON.stringify(match) : "";
  if (element.dataset.match === written) {
    return;
  }
  element.dataset.match = written;
  const place = match && PLACES[match.where];
  fill(
    element,
    place ? h("span", { class: "match-place" }, `${place}: `) : null,
    match && pieces(match.text, inUnits(match)),
  );
  element.title = match ? match.text : "";
}

/**
 * The changes of the address that lead to a call, and to the turn with the hit.
 * @param {Pick<Api.Call, "id" | "match">} call
 */
export function placeOfHit({ id, match }) {
  return { call: id, turn: match?.turn ?? null };
}

/**
 * The text with marks at the hits, found as the API does: ignoring case and accents.
 * @param {string} text
 * @param {string} search
 * @returns {Child[]}
 */
export function markedText(text, search) {
  const expression = expressionOf(search);
  const hits = expression ? [...plain(text).matchAll(expression)] : [];
  return pieces(
    text,
    hits.map(({ index, 0: hit }) => [index, index + hit.length]),
  );
}

/**
 * The API counts code points, while strings here have two units for some of them, such as most emoji.
 * @param {Api.Match} match
 * @returns {number[][]}
 */
function inUnits({ text, marks }) {
  const points = [...text];
  return marks.map((mark) => mark.map((place) => points.slice(0, place).join("").length));
}

/**
 * @param {string} text
 * @param {number[][]} marks begin and end of each
 * @returns {Child[]}
 */
function pieces(text, marks) {
  const ends = [0, ...marks.map(([, end]) => end)];
  return [
    ...marks.flatMap(([start, end], place) => [text.slice(ends[place], start), h("mark", {}, text.slice(start, end))]),
    text.slice(ends[marks.length]),
  ];
}

/** @param {string} search */
function expressionOf(search) {
  const parts = [...search.matchAll(QUOTED)].flatMap(([, quoted, words]) => {
    const found = plain(quoted ?? words ?? "").match(WORD) ?? [];
    return quoted ? [`${found.join("[^\\p{L}\\p{N}]+")}(?![\\p{L}\\p{N}])`] : found;
  });
  const wanted = parts.filter(Boolean).sort((one, other) => other.length - one.length);
  return wanted.length ? new RegExp(`(?<![\\p{L}\\p{N}])(?:${wanted.join("|")})`, "gu") : null;
}

/**
 * The text in lower case and without accents; each character keeps its index.
 * @param {string} text
 */
function plain(text) {
  return text.replace(/[^\0-\x7f]/g, baseOf).toLowerCase();
}

/** @param {string} character */
function baseOf(character) {
  const [base] = character.normalize("NFD");
  return base.length === 1 && base.toLowerCase().length === 1 ? base : character;
}
