import { DesignBuilder, i32, index, memref, type Operation, type TileHandle } from "@aiekit/mlir";
import { randomFrom } from "./random-graph.test-support.ts";

/** A design that stands still, why, and what it takes to free it: by counting, not by running. */
interface DeadlockCase {
  readonly design: Operation;
  /** Fifo whose depth is too small, what it is, and the smallest that frees the design. */
  readonly fifo: string;
  readonly depth: number;
  readonly needed: number;
  /** The same at the producer, where it has a memory of its own. */
  readonly producerNeeded: number;
  /** Cores of the circle. */
  readonly cores: readonly string[];
  /** objectFifos that they wait for. */
  readonly fifos: readonly string[];
}

const words = 16;

/**
 * A source sends object after object on two ways to a sink: straight by one fifo, and by a worker that takes `batch` objects
 * before it gives one. The sink takes the worker's object first, then `batch` of the straight ones. Until the worker gives one the
 * source must have sent `batch` objects straight, or one less where it serves the worker first, and all of them have to lie
 * in the straight fifo: in shared memory it has room for its depth, through DMAs for its depth at each end.
 */
export function deadlockCase(seed: number): DeadlockCase {
  const random = randomFrom(seed);
  const batch = 4 + random(3);
  const straightFirst = random(2) === 0;
  const viaDma = random(2) === 0;
  const sent = straightFirst ? batch : batch - 1;
  const needed = viaDma ? Math.ceil(sent / 2) : sent;
  const producerNeeded = viaDma ? sent - needed : needed;
  const depth = 1 + random(needed - 1);
  const [straight, work, result] = [name(random, "straight"), name(random, "work"), name(random, "result")];

  const d = new DesignBuilder("npu1_2col");
  const col = random(2);
  const shim = d.tile(col, 0);
  // The sink stands between, so that its neighbours are the source and the worker.
  const [source, sink, worker] = [2, 3, 4].map((row) => d.tile(col, row)) as [TileHandle, TileHandle, TileHandle];
  const element = memref([words], i32);
  const fifo = (named: string, producer: TileHandle, consumer: TileHandle, deep: number, dma: boolean) =>
    d.objectFifo({
      name: named,
      producer,
      consumers: [consumer],
      depth: [deep, deep],
      element,
      ...(dma && { viaDma: true }),
    });
  const straightFifo = fifo(straight, source, sink, depth, viaDma);
  const workFifo = fifo(work, source, worker, batch, false);
  const resultFifo = fifo(result, worker, sink, 1, false);
  const out = d.objectFifo({ name: "out", producer: sink, consumers: [shim], depth: [1, 1], element });
  const order = straightFirst ? [straightFifo, workFifo] : [workFifo, straightFifo];
  d.core(source, { stackBytes: 1024 }, (core) =>
    core.forever(() => {
      for (const to of order) {
        core.store(core.constant(5, i32), core.acquire(to, "Produce"), [core.constant(0, index)]);
        core.release(to, "Produce");
      }
    }),
  );
  d.core(worker, { stackBytes: 1024 }, (core) =>
    core.forever(() => {
      core.acquireMany(workFifo, "Consume", batch);
      core.acquire(resultFifo, "Produce");
      core.release(workFifo, "Consume", batch);
      core.release(resultFifo, "Produce");
    }),
  );
  d.core(sink, { stackBytes: 1024 }, (core) =>
    core.forever(() => {
      core.acquire(resultFifo, "Consume");
      core.release(resultFifo, "Consume");
      core.repeat(batch, () => {
        core.acquire(straightFifo, "Consume");
        core.release(straightFifo, "Consume");
      });
      core.acquire(out, "Produce");
      core.release(out, "Produce");
    }),
  );
  const cores = [source, sink, worker].map((tile) => `core (${tile.col},${tile.row})`);
  return { design: d.build(), fifo: straight, depth, needed, producerNeeded, cores, fifos: [straight, work, result] };
}

function name(random: (limit: number) => number, kind: string): string {
  return `${kind}${["", "_of_a", "_x", "Tokens"][random(4)]}`;
}
