import { DesignError } from "@aiekit/core";
import { enumAttr } from "../ir/attributes.ts";
import { Operation, type Value } from "../ir/operation.ts";
import { appendToDevice, coordOf, type Device, opsNamed, placeText } from "./device-ops.ts";
import { withLocation } from "./location.ts";

interface Directions {
  readonly tile: Value;
  input: "North" | "West";
  output: "South" | "East";
}

/**
 * Turns each `aie.cascade_flow` into the directions of the two tiles. A cascade runs from north to south and from west
 * to east only. Source: AIELowerCascadeFlows; AM020 chapter 4; measured.
 * @throws DesignError for any other direction.
 */
export function lowerCascades(device: Device): void {
  const directions = new Map<string, Directions>();
  const of = (tile: Value): Directions => {
    const key = placeText(coordOf(tile));
    const known = directions.get(key) ?? { tile, input: "North", output: "South" };
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
      );
    });
    of(source).output = isSouthward ? "South" : "East";
    of(dest).input = isSouthward ? "North" : "West";
    device.block.remove(flow);
  }
  for (const { tile, input, output } of directions.values()) {
    const attributes = { inputDir: enumAttr(input), outputDir: enumAttr(output) };
    appendToDevice(device, new Operation("aie.configure_cascade", { operands: [tile], attributes }));
  }
}
