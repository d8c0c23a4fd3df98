import { expect, test } from "vitest";
import { graphDesign } from "./graph-design.test-support.ts";
import { evaluate, type Graph, randomGraph } from "./random-graph.test-support.ts";
import { graphInputs, runGraph } from "./run-graph.test-support.ts";

const graphs = 60;

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
