import { deviceModel } from "@aiekit/mlir";
import { costModel } from "../cost-model.ts";
import { gemmSeconds } from "./gemm-time.ts";
import type { RowWork } from "./measurement.ts";
import { gemmPlace, kernelsAreTuned } from "./row-place.ts";
import type { SiliconModel } from "./silicon-model.ts";
import { type SiliconRow, textOf } from "./silicon-row.ts";

/** Time of something that happens once, told from what the row says of it: a launch, a change of context, a product. */
export function latencyWork(row: SiliconRow, model: SiliconModel): RowWork {
  const what = `${row.id} ${textOf(row, "what")}`.toLowerCase();
  const { clockHz, generation } = deviceModel(row.device);
  const cost = costModel(generation);
  if (/switch|overlay|context|reconfig/.test(what)) {
    const pair = /pair|and back/.test(what);
    return {
      work: { seconds: model.switchSeconds * (pair ? 2 : 1) },
      notes: [`a change of context${pair ? " and back" : ""}`],
    };
  }
  const wrapped = /iron|python|wrapper|serving|served?\b/.test(what);
  const around = wrapped ? model.wrapperSeconds : 0;
  const notes = wrapped ? ["with a wrapper around the call"] : [];
  const shape = /(\d+)\s*[x×]\s*(\d+)\s*[x×]\s*(\d+)/.exec(what);
  if (shape) {
    const [M, K, N] = shape.slice(1).map(Number) as [number, number, number];
    const place = gemmPlace(textOf(row, "dtype") === "" ? withType(row) : row, { tuned: kernelsAreTuned(row) });
    if (typeof place === "string") return place;
    const assumed = textOf(row, "dtype") === "" ? ["assumes bf16"] : [];
    const { seconds, bound } = gemmSeconds({ ...place, M, K, N }, model);
    const work = { seconds: around + seconds, operations: 2 * M * K * N };
    return { work, notes: [...notes, ...assumed, `product of ${M} x ${K} x ${N}, bound by ${bound}`] };
  }
  if (/mailbox/.test(what))
    return { work: { seconds: cost.launchCycles / clockHz }, notes: ["round trip of the mailbox"] };
  if (/\block/.test(what)) return { work: { seconds: cost.lockCycles / clockHz }, notes: ["one lock operation"] };
  if (wrapped || /launch|call|submit|empty|no-?op|dispatch/.test(what)) {
    return { work: { seconds: around + model.launchSeconds }, notes: [...notes, "a launch with nothing to do"] };
  }
  return "what is timed is not known: expected `what` to name a launch, a context switch, a product (MxKxN), the mailbox or a lock";
}

function withType(row: SiliconRow): SiliconRow {
  return { ...row, fields: { ...row.fields, dtype: "bf16" } };
}
