// Lints each text of a JSON list as if it were a module of the console, and says what the rules for modules are.

import { text } from "node:stream/consumers";

import { ESLint } from "eslint";

const FILE = "functions/console/pages/example.js";
const eslint = new ESLint();
const texts = /** @type {string[]} */ (JSON.parse(await text(process.stdin)));
const found = [];
for (const one of texts) {
  const [{ messages }] = await eslint.lintText(one, { filePath: FILE });
  found.push(messages.map(({ ruleId, message }) => ({ rule: ruleId, message })));
}
const { rules } = await eslint.calculateConfigForFile(FILE);
process.stdout.write(JSON.stringify({ found, rules }));
