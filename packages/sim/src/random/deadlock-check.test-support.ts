import { lowerDesign, type Operation } from "@aiekit/mlir";
import { expect } from "vitest";
import { AieArray } from "../aie-array.ts";
import { smallestDepthFix } from "../depth-fix.ts";
import { SimFault } from "../fault.ts";
import { loadArrayConfig } from "../load-array-config.ts";
import { bytesOf, insts, sync, transfer } from "../lowered-design.test-support.ts";
import { deadlockCase } from "./deadlock-cases.test-support.ts";

/** Holds one seeded deadlock against what counting gives: the circle, the fifos it waits for, and the smallest depth. */
export async function expectFreed(seed: number): Promise<void> {
  const { design, fifo, depth, needed, producerNeeded, cores, fifos } = deadlockCase(seed);
  const failed = await run(design).then(
    () => undefined,
    (error: unknown) => error,
  );
  const about = `seed ${seed}: ${fifo} from ${depth} to ${needed}`;
  expect(failed, about).toBeInstanceOf(SimFault);
  const { fault } = failed as SimFault;

  expect(fault.kind, about).toBe("deadlock");
  expect([...(fault.waitCycle ?? [])].filter((agent) => agent.startsWith("core")).sort(), about).toEqual(
    [...cores].sort(),
  );
  expect([...(fault.waitFifos ?? [])].sort(), about).toEqual([...fifos].sort());
  const fix = await smallestDepthFix(design, run, { first: fault.waitFifos ?? [] });
  expect(fix?.changes, about).toMatchObject([{ objectFifo: fifo, from: [depth, depth], to: [producerNeeded, needed] }]);
  await expect(run(fix!.design), about).resolves.toBeUndefined();
}

async function run(design: Operation): Promise<void> {
  const config = loadArrayConfig(lowerDesign(design).module);
  const { tile, channel } = config.allocations[0]!;
  const out = new Int32Array(4 * 16);
  const receive = { direction: "S2MM", col: tile.col, channel, bd: 0, argIndex: 0, lengthWords: out.length } as const;
  const stream = insts(transfer(receive), sync("S2MM", channel, tile.col));
  await new AieArray(config, new Map()).run({ insts: stream, buffers: [bytesOf(out)] });
}
