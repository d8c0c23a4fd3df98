import { integerAttr } from "../ir/attributes.ts";
import { Operation, walk } from "../ir/operation.ts";
import { i32, index } from "../ir/types.ts";
import { parseTypedInteger } from "../parser/attributes.ts";
import type { OpDefinition } from "./definition.ts";

/** Column of a shim_dma_allocation that was written without a tile; gone when the text has been read. */
const columnKey = "spelling_2025.column";

/**
 * Definitions that also read what mlir-aie v1.1 (October 2025) wrote: `aiex.runtime_sequence`, and
 * `aie.shim_dma_allocation @a (MM2S, 0, 2)` with a column where now a tile stands. By name in the text; what they make
 * has the name and the form of 2026.
 */
export function olderSpellings(current: ReadonlyMap<string, OpDefinition>): [string, OpDefinition][] {
  const sequence = current.get("aie.runtime_sequence");
  const allocation = current.get("aie.shim_dma_allocation");
  if (!sequence || !allocation) return [];
  return [
    ["aiex.runtime_sequence", sequence],
    [
      "aie.shim_dma_allocation",
      { ...allocation, alternative: { starts: isColumnForm, definition: byColumn(allocation) } },
    ],
  ];
}

/** Gives every allocation that names a column the shim tile of that column, declared first in the device if need be. */
export function upgradeSpelling(module: Operation): void {
  walk(module, (op) => {
    const column = op.int(columnKey);
    const device = op.parentOp;
    if (column === undefined || !device) return;
    op.attributes.delete(columnKey);
    op.operands.push(shimTile(device, column).result);
  });
}

/** `(MM2S` where the form of 2026 has `(%tile`. */
function isColumnForm(text: string): boolean {
  return /^@[^(]*\(\s*"?(?:MM2S|S2MM)/.test(text);
}

function byColumn(allocation: OpDefinition): OpDefinition {
  return {
    ...allocation,
    format: "@sym_name `(` $channel_dir `,` $channel_index `,` custom(column) `)` attr-dict",
    custom: {
      column: {
        parse: (parser, draft) => draft.attributes.set(columnKey, parseTypedInteger(parser.source, i32)),
        print: () => {},
      },
    },
    operands: [],
  };
}

function shimTile(device: Operation, column: number): Operation {
  const body = device.regions[0]?.entry;
  const known = body?.ops.find((op) => op.name === "aie.tile" && op.int("col") === column && op.int("row") === 0);
  if (known) return known;
  const attributes = { col: integerAttr(column, i32), row: integerAttr(0, i32) };
  const tile = new Operation("aie.tile", { results: [index], attributes, loc: device.loc });
  const first = body?.ops[0];
  if (first) body?.insertBefore(first, tile);
  return tile;
}
