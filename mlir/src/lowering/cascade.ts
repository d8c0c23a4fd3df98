import { DesignError } from "@aiekit/core";
import { enumAttr } from "../ir/attributes.ts";
import type { Diagnostic } from "../ir/diagnostic.ts";
import { Operation, type Value } from "../ir/operation.ts";
import { appendToDevice, coordOf, type Device, opsNamed, placeText } from "./device-ops.ts";
import { withLocation } from "./location.ts";

interface Directions {
  readonly tile: Value;
  input: "North" | "West";
  output: "South" | "East";
  /** Flows that gave it its input, and its output. */
  readonly sources: string[];
  readonly targets: string[];
}

/**
 * Turns each `aie.cascade_flow` into the directions of the two tiles. A cascade runs from north to south and from west
 * to east only. Source: AIELowerCascadeFlows; AM020 chapter 4; measured. A core has one input and one output: of several
 * flows the last one counts, and a warning says so.
 * @throws DesignError for any other direction.
 */
export function lowerCascades(device: Device): Diagnostic[] {
  const found: Diagnostic[] = [];
  const directions = new Map<string, Directions>();
  const of = (tile: Value): Directions => {
    const key = placeText(coordOf(tile));
    const known = directions.get(key) ?? { tile, input: "North", output: "South", sources: [], targets: [] };
    directions.set(key, known);
    return known;
  };
  for (const flow of opsNamed(device, "aie.cascade_flow")) {
    const [source, dest] = flow.operands;
    if (source === undefined || dest === undefined) throw new DesignError("aie.cascade_flow: expected two tiles");
    const [from, to] = [coordOf(source), coordOf(dest)];
    const isSouthward = from.col === to.col && from.row === to.row + 1;
    const isEastward = from.row === to.row && from.col === to.col - 1;
    withLocation(flow, () => {
      if (isSouthward || isEastward) return;
      throw new DesignError(
        `aie.cascade_flow ${placeText(from)} -> ${placeText(to)}: source tile must be to the North or West of the destination tile`,
        {
          hint: "a cascade leads to the next tile south (a row less) or east (a column more); give other ways an objectFifo",
        },
      );
    });
    const [output, input] = [of(source), of(dest)];
    output.output = isSouthward ? "South" : "East";
    input.input = isSouthward ? "North" : "West";
    output.targets.push(placeText(to));
    input.sources.push(placeText(from));
    if (input.sources.length > 1)
      found.push(lost(flow, `core ${placeText(to)} has one cascade input`, input.sources, "from"));
    if (output.targets.length > 1)
      found.push(lost(flow, `core ${placeText(from)} has one cascade output`, output.targets, "to"));
    device.block.remove(flow);
  }
  for (const { tile, input, output } of directions.values()) {
    const attributes = { inputDir: enumAttr(input), outputDir: enumAttr(output) };
    appendToDevice(device, new Operation("aie.configure_cascade", { operands: [tile], attributes }));
  }
  return found;
}

/** The last flow is the one that is configured. */
function lost({ name, loc }: Operation, what: string, places: readonly string[], way: "from" | "to"): Diagnostic {
  const others = places.slice(0, -1).map((place) => `${way} ${place}`);
  return {
    ...{ severity: "warning", op: name, loc },
    message: `${what}, and this flow ${way} ${places.at(-1)} takes the place of that ${others.join(" and ")}`,
    hint: "let one of them be an objectFifo, or add up on the way: a cascade goes from core to core",
  };
}
