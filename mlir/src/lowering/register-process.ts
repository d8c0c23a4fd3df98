import { DesignError } from "@aiekit/core";
import { acquireOp, endOp, type FifoPort, regionOf, releaseOp, subviewAccessOp } from "../builder/aie-ops.ts";
import { integerAttr, symbolAttr } from "../ir/attributes.ts";
import { Block, Operation, Region, type Value } from "../ir/operation.ts";
import { index, type MemRefType } from "../ir/types.ts";
import { appendToDevice, coreOn, type Device, opsNamed, symbolOp } from "./device-ops.ts";
import { withLocation } from "./location.ts";

/** So many rounds that acquire, work and release the same. */
interface Stretch {
  readonly acquire: number;
  readonly release: number;
  readonly rounds: number;
}

/**
 * Turns each `aie.objectfifo.register_process` into the acquires, calls and releases of its patterns, in the core at that
 * end of the fifo, which is made when there is none. Consumers are taken in their order, one for each operation.
 * Source: AIEObjectFifoRegisterProcess.
 */
export function lowerRegisteredProcesses(device: Device): void {
  const taken = new Map<string, number>();
  for (const process of opsNamed(device, "aie.objectfifo.register_process")) {
    withLocation(process, () => lowerProcess(device, process, taken));
    device.block.remove(process);
  }
}

function lowerProcess(device: Device, process: Operation, taken: Map<string, number>): void {
  const name = process.text("objFifo_name") ?? "";
  const fifo = symbolOp(device, name);
  const type = fifo?.attributes.get("elemType");
  if (fifo?.name !== "aie.objectfifo" || type?.kind !== "type" || type.type.kind !== "objectfifo") {
    throw new DesignError(`${process.name}: there is no objectFifo @${name}`);
  }
  const port: FifoPort = process.text("port") === "Produce" ? "Produce" : "Consume";
  const position = port === "Produce" ? 0 : 1 + (taken.get(name) ?? 0);
  if (port === "Consume") taken.set(name, position);
  const tile = fifo.operands[position];
  if (tile === undefined) throw new DesignError(`${process.name}: No more available consumer tiles for process.`);
  const { element } = type.type;
  const callee = process.text("callee") ?? "";
  const block = coreBlock(device, tile);
  const [first] = block.ops;
  for (const stretch of stretchesOf(process)) {
    for (const op of stretchOps(stretch, { fifo: name, port, element, callee })) {
      if (first) block.insertBefore(first, op);
      else block.append(op);
    }
  }
}

/** The block that a process goes to the start of. */
function coreBlock(device: Device, tile: Value): Block {
  const known = coreOn(device, tile);
  const block = known?.regions[0]?.blocks.at(-1);
  if (block) return block;
  const core = new Operation("aie.core", { operands: [tile], results: [index], regions: [regionOf([endOp()])] });
  return appendToDevice(device, core).regions[0]?.entry ?? new Block();
}

function stretchesOf(process: Operation): readonly Stretch[] {
  const [acquirePattern, releasePattern, length] = process.operands;
  const rounds = numbers(length)[0] ?? 1;
  const [acquires, releases] = [numbers(acquirePattern), numbers(releasePattern)];
  const [acquire = 0] = acquires;
  const [release = 0] = releases;
  if (acquires.length === 1 && releases.length === 1) return [{ acquire, release, rounds }];
  const count = acquires.length === 1 ? rounds : acquires.length;
  const found: Stretch[] = [];
  for (let i = 0; i < count; i++) {
    const now = {
      acquire: acquires.length === 1 ? acquire : (acquires[i] ?? 0),
      release: releases.length === 1 ? release : (releases[i] ?? 0),
    };
    const last = found.at(-1);
    if (last?.acquire === now.acquire && last.release === now.release) {
      found[found.length - 1] = { ...last, rounds: last.rounds + 1 };
    } else found.push({ ...now, rounds: 1 });
  }
  return found;
}

/** Integers of a constant. @throws DesignError for any other value. */
function numbers(value: Value | undefined): readonly number[] {
  const attr = value?.definingOp?.name === "arith.constant" ? value.definingOp.attributes.get("value") : undefined;
  if (attr?.kind === "integer") return [Number(attr.value)];
  if (attr?.kind !== "dense") throw new DesignError("expected a constant, got another value");
  const count = attr.type.shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  return Array.from({ length: count }, (_, i) => Number(attr.values[attr.splat ? 0 : i] ?? 0));
}

interface Process {
  readonly fifo: string;
  readonly port: FifoPort;
  readonly element: MemRefType;
  readonly callee: string;
}

function stretchOps({ acquire, release, rounds }: Stretch, process: Process): readonly Operation[] {
  const { fifo, port, element, callee } = process;
  const round: Operation[] = [];
  if (acquire > 0) {
    const objects = acquireOp({ fifo, port, count: acquire }, element);
    const accesses = Array.from({ length: acquire }, (_, i) => subviewAccessOp(objects.result, i, element));
    round.push(objects, ...accesses, new Operation("func.call", { attributes: { callee: symbolAttr(callee) } }));
  }
  if (release > 0) round.push(releaseOp({ fifo, port, count: release }));
  if (rounds <= 1) return round;
  const bounds = [0, rounds, 1].map(
    (value) => new Operation("arith.constant", { results: [index], attributes: { value: integerAttr(value, index) } }),
  );
  const body = new Block();
  body.addArg(index);
  for (const op of [...round, new Operation("scf.yield")]) body.append(op);
  const region = new Region();
  region.addBlock(body);
  return [...bounds, new Operation("scf.for", { operands: bounds.map((op) => op.result), regions: [region] })];
}
