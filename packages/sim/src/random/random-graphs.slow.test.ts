import { expect, test } from "vitest";
import { graphDesign } from "./graph-design.test-support.ts";
import { evaluate, randomFrom, randomGraph } from "./random-graph.test-support.ts";
import { graphInputs, runGraph } from "./run-graph.test-support.ts";

const graphs = 600;
const schedules = 1000;

test(`${graphs} random legal graphs finish with the data of Kahn's network, checked and without an alarm`, async () => {
  for (let seed = 1001; seed <= 1000 + graphs; seed++) {
    const graph = randomGraph(seed);
    const outputs = await runGraph(graph, graphDesign(graph), { options: { checked: true } });

    expect(outputs, `seed ${seed}`).toEqual(evaluate(graph, graphInputs(graph)));
  }
});

test(`${schedules} other schedules of each of five designs give equal bytes`, async () => {
  const largest = Array.from({ length: 200 }, (_, i) => randomGraph(i + 1))
    .sort((a, b) => b.nodes.length - a.nodes.length)
    .slice(0, 5);
  for (const graph of largest) {
    const expected = evaluate(graph, graphInputs(graph));
    for (let seed = 1; seed <= schedules; seed++) {
      const random = randomFrom(seed);
      const delays = () => (random(3) === 0 ? random(2000) / 7 : 0);

      expect(await runGraph(graph, graphDesign(graph), { options: { delays } }), `schedule ${seed}`).toEqual(expected);
    }
  }
});
