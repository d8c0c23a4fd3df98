import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { handWrittenPieces, operationsMarkers, operationsTable } from "./operations-table.ts";
import { definitions } from "./table.ts";

const page = readFileSync(new URL("../../../docs/dialect.md", import.meta.url), "utf8");

test("docs/dialect.md shows the table that the definitions give; node scripts/make-dialect-page.mjs writes it", () => {
  const { begin, end } = operationsMarkers;

  const shown = page.slice(page.indexOf(begin) + begin.length, page.indexOf(end)).trim();

  expect(shown).toBe(operationsTable());
});

test("every operation that the parser knows stands in the table once", () => {
  const inTable = [...operationsTable().matchAll(/^\| (.*?) \| `/gm)].flatMap((row) => row[1]?.split(", ") ?? []);

  expect(inTable.sort()).toEqual([...definitions.current.keys()].map((name) => `\`${name}\``).sort());
});

test("docs/dialect.md says how each piece that is read by hand is written", () => {
  const unexplained = handWrittenPieces().filter((piece) => !page.includes(`| \`<${piece}>\` |`));

  expect(unexplained).toEqual([]);
});
