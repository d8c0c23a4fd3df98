import { i16, ui32 } from "../ir/types.ts";
import { type AttributeRules, defineOp } from "./definition.ts";
import { int, symbol } from "./rules.ts";

const word = int({ type: ui32 });
const body = { regions: [{ name: "body", terminator: "aie.end" }] };

function jobOp(name: string, attributes: AttributeRules) {
  const list = Object.keys(attributes)
    .map((key) => `$${key}`)
    .join(" `,` ");
  return defineOp(`aiex.cert.${name}`, {
    format: `\`(\` ${list} \`)\` attr-dict`,
    attributes,
    parents: ["aiex.cert.job"],
  });
}

/** Jobs of a microcontroller in the array: they are read and printed; the NPUs here run instruction streams. */
export const aiexCertOps = [
  defineOp("aiex.cert.uc_dma_chain", {
    format: "@sym_name region(body) attr-dict",
    attributes: { sym_name: { kind: "string" } },
    ...body,
  }),
  defineOp("aiex.cert.uc_dma_bd", {
    format: "$remote_address `,` $local_address `,` $length `,` $next_bd attr-dict",
    attributes: {
      remote_address: symbol,
      local_address: int(),
      length: int(),
      next_bd: { kind: "bool", required: true },
    },
    parents: ["aiex.cert.uc_dma_chain"],
  }),
  defineOp("aiex.cert.job", {
    format: "`(` $job_id `)` region(body) attr-dict",
    attributes: { job_id: int() },
    parents: ["aie.device", "aiex.cert.attach_to_group"],
    ...body,
  }),
  defineOp("aiex.cert.attach_to_group", {
    format: "`(` $group_id `)` region(body) attr-dict",
    attributes: { group_id: int() },
    ...body,
  }),
  jobOp("write32", { address: word, value: word }),
  jobOp("maskwrite32", { address: word, mask: word, value: word }),
  jobOp("apply_offset_57", { symbol, num_entries: int({ type: i16 }), offset: int({ type: i16 }) }),
  jobOp("wait_tcts", { tile_id: int(), channel_id: int(), target_tcts: int() }),
  jobOp("uc_dma_write_des_sync", { symbol }),
  jobOp("local_barrier", { local_barrier_id: int(), num_participants: int() }),
  jobOp("remote_barrier", { remote_barrier_id: int(), party_mask: int() }),
  defineOp("aiex.cert.nop", { format: "attr-dict" }),
];
