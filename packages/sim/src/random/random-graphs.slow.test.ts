import { lowerDesign } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { loadArrayConfig } from "../load-array-config.ts";
import { graphDesign } from "./graph-design.test-support.ts";
import { evaluate, randomFrom, randomGraph } from "./random-graph.test-support.ts";
import { graphInputs, runGraph } from "./run-graph.test-support.ts";

const graphs = 520;
const timeout = 900_000;
const schedulesEach = 200;

test(`${graphs} random legal graphs finish with the data of Kahn's network, checked and without an alarm`, {
  timeout,
}, async () => {
  for (let seed = 1001; seed <= 1000 + graphs; seed++) {
    const graph = randomGraph(seed);
    const outputs = await runGraph(graph, graphDesign(graph), { options: { checked: true } });

    expect(outputs, `seed ${seed}`).toEqual(evaluate(graph, graphInputs(graph)));
  }
});

test(`${schedulesEach} other schedules of each of five designs give equal bytes`, { timeout }, async () => {
  const largest = Array.from({ length: 200 }, (_, i) => randomGraph(i + 1))
    .sort((a, b) => b.nodes.length - a.nodes.length)
    .slice(0, 5);
  for (const graph of largest) {
    const expected = evaluate(graph, graphInputs(graph));
    const design = graphDesign(graph);
    const lowered = loadArrayConfig(lowerDesign(design).module);
    for (let seed = 1; seed <= schedulesEach; seed++) {
      const random = randomFrom(seed);
      const delays = () => (random(3) === 0 ? random(2000) / 7 : 0);

      expect(await runGraph(graph, design, { lowered, options: { delays } }), `schedule ${seed}`).toEqual(expected);
    }
  }
});
