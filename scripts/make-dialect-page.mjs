// Writes the table of operations into docs/dialect.md, from the definitions that drive parser, printer and verifier.
// A test holds the committed page against them: npx vitest run mlir/src/ops. Needs `npx tsc -b mlir`.
import { readFileSync, writeFileSync } from "node:fs";
import { operationsMarkers, operationsTable } from "../mlir/dist/ops/operations-table.js";

const page = new URL("../docs/dialect.md", import.meta.url);
const text = readFileSync(page, "utf8");
const { begin, end } = operationsMarkers;
const [from, to] = [text.indexOf(begin), text.indexOf(end)];
if (from < 0 || to < from) throw new Error(`docs/dialect.md: expected the lines ${begin} and ${end}`);
writeFileSync(page, `${text.slice(0, from + begin.length)}\n${operationsTable()}\n${text.slice(to)}`);
console.log("docs/dialect.md: table written");
