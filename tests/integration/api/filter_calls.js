// Which of some calls the console takes to match each address, and what it asks the API for: JSON in, JSON out.

import { text } from "node:stream/consumers";

import { filtersIn, matches, parametersOf } from "../../../functions/console/pages/call_filters.js";

const { calls, addresses } = /** @type {{calls: Api.Call[], addresses: string[]}} */ (
  JSON.parse(await text(process.stdin))
);
const answers = addresses.map((address) => {
  const filters = filtersIn(new URLSearchParams(address));
  const found = calls.filter((call) => matches(call, filters));
  return { parameters: parametersOf(filters), ids: found.map(({ id }) => id) };
});
process.stdout.write(JSON.stringify(answers));
