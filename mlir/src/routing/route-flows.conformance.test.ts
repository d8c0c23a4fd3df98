import { expect, test } from "vitest";
import { conformanceDesigns, conformanceStage, conformanceText } from "../lowering/conformance.test-support.ts";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";
import { routeFlows } from "./route-flows.ts";
import { walkRoutes } from "./walk-routes.test-support.ts";

const routed = conformanceDesigns().filter((design) => design.stages.includes("route"));
const read = (name: string) => parseModule(conformanceText(`${name}.addresses.mlir`), `${name}.addresses.mlir`);

test("router and real compiler give the same verdict on every design that was routed, 4 of 179 rejected", () => {
  const differ: string[] = [];
  let rejected = 0;
  for (const { name } of routed) {
    const said = verdict(name);
    if (said !== "ok") rejected++;
    if ((said === "ok") !== conformanceStage(name, "route").ok) differ.push(`${name}: ${said}`);
  }

  expect(differ).toEqual([]);
  expect({ routed: routed.length, rejected }).toEqual({ routed: 179, rejected: 4 });
});

test("every stream of every routed design reaches its destinations and nothing else", () => {
  const wrong: string[] = [];
  for (const { name } of routed) {
    if (!conformanceStage(name, "route").ok) continue;
    const lowered = read(name);
    const result = routeFlows(lowered);
    wrong.push(...walkRoutes(lowered, result).map((problem) => `${name}: ${problem}`));
    if (printModule(result).includes("aie.flow(")) wrong.push(`${name}: a flow is left over`);
    wrong.push(...verify(result).flatMap((d) => (d.severity === "error" ? [`${name}: ${d.message}`] : [])));
  }

  expect(wrong).toEqual([]);
});

test("the real compiler's own routes pass the walk, so the walk and it agree on what the hardware does", () => {
  const wrong: string[] = [];
  for (const { name } of routed) {
    if (!conformanceStage(name, "route").ok) continue;
    const theirs = parseModule(conformanceText(`${name}.physical.mlir`), `${name}.physical.mlir`);
    wrong.push(...walkRoutes(read(name), theirs).map((problem) => `${name}: ${problem}`));
  }

  expect(wrong).toEqual([]);
});

test("a routed module is read back as it was printed, and a second routing gives the same text", () => {
  for (const name of ["flows-core-ports-and-broadcast", "packet-flows-many-to-one", "switchbox-by-hand"]) {
    const text = printModule(routeFlows(read(name)));

    expect(printModule(parseModule(text, name))).toBe(text);
    expect(printModule(routeFlows(read(name)))).toBe(text);
  }
});

function verdict(name: string): string {
  try {
    routeFlows(read(name));
    return "ok";
  } catch (error) {
    return String(error);
  }
}
