import { i8, index } from "../ir/types.ts";
import { type AttributeRules, defineOp } from "./definition.ts";
import { bundles, int, keyword, symbol } from "./rules.ts";

const port: AttributeRules = { bundle: keyword(bundles), channel: int() };
const indexResult = { results: ["result"], types: { result: index } };
const ports = { regions: [{ name: "ports", terminator: "aie.end" }] };
const destination = {
  format: "`<` %tile `,` $bundle `:` $channel `>` attr-dict",
  operands: ["tile"],
  types: { tile: index },
  attributes: port,
};
const spread = {
  format: "`(` %tile `,` $bundle `:` $channel `)` region(ports) attr-dict",
  operands: ["tile"],
  types: { tile: index },
  attributes: port,
  ...ports,
};

/** Herds and tokens of designs for Versal, which are read and printed; multicasts and broadcasts, which become flows. */
export const aiexLegacyOps = [
  defineOp("aiex.getTile", {
    format: "`(` %col `,` %row `)` attr-dict",
    operands: ["col", "row"],
    results: ["result"],
    types: { col: index, row: index, result: index },
  }),
  defineOp("aiex.connection", {
    format: "`(` %source `,` $sourceBundle `:` $sourceChannel `,` %dest `,` $destBundle `:` $destChannel `)` attr-dict",
    operands: ["source", "dest"],
    types: { source: index, dest: index },
    attributes: {
      sourceBundle: keyword(bundles),
      sourceChannel: int(),
      destBundle: keyword(bundles),
      destChannel: int(),
    },
  }),
  defineOp("aiex.multicast", spread),
  defineOp("aiex.multi_dest", { ...destination, parents: ["aiex.multicast"] }),
  defineOp("aiex.broadcast_packet", spread),
  defineOp("aiex.bp_id", {
    format: "`(` $ID `)` region(ports) attr-dict",
    attributes: { ID: int({ type: i8 }) },
    ...ports,
  }),
  defineOp("aiex.bp_dest", { ...destination, parents: ["aiex.bp_id"] }),
  defineOp("aiex.token", {
    format: "`(` $value `)` attr-dict",
    attributes: { value: int(), sym_name: { kind: "string" } },
  }),
  defineOp("aiex.useToken", {
    format: "$tokenName `(` $action `,` $value `)` attr-dict",
    attributes: {
      tokenName: symbol,
      value: int(),
      action: keyword(["Acquire", "Release", "AcquireGreaterEqual"]),
    },
  }),
  defineOp("aiex.memcpy", {
    format:
      "$tokenName `(` $acqValue `,` $relValue `)` `(` %srcTile `:` `<` %srcBuf `,` $srcOffset `,` $srcLen `>` `,` %dstTile `:` `<` %dstBuf `,` $dstOffset `,` $dstLen `>` `)` attr-dict `:` `(` type(srcBuf) `,` type(dstBuf) `)`",
    operands: ["srcTile", "srcBuf", "dstTile", "dstBuf"],
    types: { srcTile: index, dstTile: index },
    attributes: {
      tokenName: symbol,
      acqValue: int(),
      relValue: int(),
      srcOffset: int(),
      srcLen: int(),
      dstOffset: int(),
      dstLen: int(),
    },
  }),
  defineOp("aiex.herd", {
    format: "`[` $width `]` `[` $height `]` attr-dict",
    attributes: { width: int(), height: int() },
    ...indexResult,
  }),
  defineOp("aiex.iter", {
    format: "`(` $start `,` $end `,` $stride `)` attr-dict",
    attributes: { start: int(), end: int(), stride: int() },
    ...indexResult,
  }),
  defineOp("aiex.select", {
    format: "`(` %startHerd `,` %iterX `,` %iterY `)` attr-dict",
    operands: ["startHerd", "iterX", "iterY"],
    results: ["result"],
    types: { startHerd: index, iterX: index, iterY: index, result: index },
  }),
  defineOp("aiex.place", {
    format: "`(` %sourceHerd `,` %destHerd `,` $distX `,` $distY `)` attr-dict",
    operands: ["sourceHerd", "destHerd"],
    types: { sourceHerd: index, destHerd: index },
    attributes: { distX: int(), distY: int() },
  }),
  defineOp("aiex.route", {
    format:
      "`(` `<` %sourceHerds `,` $sourceBundle `:` $sourceChannel `>` `,` `<` %destHerds `,` $destBundle `:` $destChannel `>` `)` attr-dict",
    operands: ["sourceHerds", "destHerds"],
    types: { sourceHerds: index, destHerds: index },
    attributes: {
      sourceBundle: keyword(bundles),
      sourceChannel: int(),
      destBundle: keyword(bundles),
      destChannel: int(),
    },
  }),
];
