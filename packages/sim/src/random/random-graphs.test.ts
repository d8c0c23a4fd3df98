import { expect, test } from "vitest";
import { graphDesign } from "./graph-design.test-support.ts";
import { evaluate, type Graph, randomFrom, randomGraph } from "./random-graph.test-support.ts";
import { graphInputs, runGraph } from "./run-graph.test-support.ts";

const graphs = 40;

test(`${graphs} random legal graphs finish with the data of Kahn's network, checked and without an alarm`, async () => {
  for (let seed = 1; seed <= graphs; seed++) {
    const graph = randomGraph(seed);
    const outputs = await runGraph(graph, graphDesign(graph), { options: { checked: true }, runs: 2 });

    expect(outputs, `seed ${seed}: ${shape(graph)}`).toEqual(evaluate(graph, graphInputs(graph)));
  }
});

function shape({ wires }: Graph): string {
  return wires.map(({ name, depth, to }) => `${name} x ${depth} to ${to.map((t) => `${t.col},${t.row}`)}`).join("; ");
}

test("another schedule takes other times and gives the same bytes", async () => {
  const graph = randomGraph(2);
  const random = randomFrom(7);
  const delays = () => random(500);
  const outputs = await runGraph(graph, graphDesign(graph), { options: { delays } });

  expect(outputs).toEqual(evaluate(graph, graphInputs(graph)));
});
