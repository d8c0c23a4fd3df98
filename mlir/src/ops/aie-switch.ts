import { i8, index } from "../ir/types.ts";
import { verifyShimSwitch, verifySwitchbox } from "../verifier/rules/switches.ts";
import { nameOfTile } from "./aie-structure.ts";
import { defineOp } from "./definition.ts";
import { bundles, int, keyword, optionalBool } from "./rules.ts";

const switchRegion = {
  format: "`(` %tile `)` region(connections) attr-dict",
  operands: ["tile"],
  results: ["result"],
  types: { tile: index, result: index },
  regions: [{ name: "connections", terminator: "aie.end" }],
};
/** Stream switches after routing. */
export const aieSwitchOps = [
  defineOp("aie.switchbox", {
    ...switchRegion,
    resultName: (op) => nameOfTile("switchbox", op.operands[0]),
    verify: verifySwitchbox,
  }),
  defineOp("aie.shim_mux", {
    ...switchRegion,
    resultName: (op) => nameOfTile("shim_mux", op.operands[0]),
    verify: verifyShimSwitch,
  }),
  defineOp("aie.shim_switchbox", {
    ...switchRegion,
    format: "`(` $col `)` region(connections) attr-dict",
    operands: [],
    attributes: { col: int() },
    verify: verifyShimSwitch,
  }),
  defineOp("aie.plio", {
    format: "`(` $col `)` attr-dict",
    results: ["result"],
    types: { result: index },
    attributes: { col: int() },
  }),
  defineOp("aie.connect", {
    format: "`<` $source_bundle `:` $source_channel `,` $dest_bundle `:` $dest_channel `>` attr-dict",
    attributes: {
      source_bundle: keyword(bundles),
      source_channel: int({ min: 0 }),
      dest_bundle: keyword(bundles),
      dest_channel: int({ min: 0 }),
    },
    parents: ["aie.switchbox", "aie.shim_mux"],
  }),
  defineOp("aie.amsel", {
    format: "`<` $arbiterID `>` `(` $msel `)` attr-dict",
    results: ["result"],
    types: { result: index },
    attributes: { arbiterID: int({ type: i8, min: 0, max: 5 }), msel: int({ type: i8, min: 0, max: 3 }) },
    parents: ["aie.switchbox"],
  }),
  defineOp("aie.masterset", {
    format: "`(` $dest_bundle `:` $dest_channel `,` %amsels `)` attr-dict",
    operands: ["amsels*"],
    results: ["result"],
    types: { amsels: index, result: index },
    attributes: { dest_bundle: keyword(bundles), dest_channel: int({ min: 0 }), keep_pkt_header: optionalBool },
    parents: ["aie.switchbox"],
  }),
  defineOp("aie.packet_rules", {
    format: "`(` $source_bundle `:` $source_channel `)` region(rules) attr-dict",
    attributes: { source_bundle: keyword(bundles), source_channel: int({ min: 0 }) },
    regions: [{ name: "rules", terminator: "aie.end" }],
  }),
  defineOp("aie.rule", {
    format: "`(` $mask `,` $value `,` %amsel `)` attr-dict",
    operands: ["amsel"],
    types: { amsel: index },
    attributes: { mask: int({ type: i8 }), value: int({ type: i8 }) },
    parents: ["aie.packet_rules"],
  }),
  defineOp("aie.wire", {
    format: "`(` %source `:` $source_bundle `,` %dest `:` $dest_bundle `)` attr-dict",
    operands: ["source", "dest"],
    types: { source: index, dest: index },
    attributes: { source_bundle: keyword(bundles), dest_bundle: keyword(bundles) },
  }),
];
