// What several programs do side by side that share nothing but the machine, by what one of them does alone.
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { openedProduct } from "./array-launches.mjs";

/** Programs that launch the same product at the same time, each in a thread and on an array of its own. */
export class ProgramsBeside {
  #words = new Int32Array(new SharedArrayBuffer(4));
  #workers;

  static async start(manifestPath, count, warm) {
    const programs = new ProgramsBeside();
    programs.#workers = Array.from({ length: count }, () => {
      return new Worker(new URL(import.meta.url), { workerData: { manifestPath, warm, words: programs.#words } });
    });
    await Promise.all(programs.#workers.map((worker) => answer(worker)));
    return programs;
  }

  /** Launches of the first alone and of all, in turn: how many times the work of one all do. */
  async factor(turns) {
    const count = this.#workers.length;
    const best = { alone: Number.POSITIVE_INFINITY, beside: Number.POSITIVE_INFINITY };
    for (let i = 0; i < turns; i++) {
      best.alone = Math.min(best.alone, await this.#turnOf(1));
      best.beside = Math.min(best.beside, await this.#turnOf(count));
    }
    return (count * best.alone) / best.beside;
  }

  async close() {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Milliseconds until the slowest of `count` programs has launched once. */
  async #turnOf(count) {
    Atomics.store(this.#words, 0, 0);
    const answers = this.#workers.slice(0, count).map((worker) => answer(worker));
    for (const worker of this.#workers.slice(0, count)) worker.postMessage(count);
    return Math.max(...(await Promise.all(answers)));
  }
}

const answer = async (worker) => (await once(worker, "message"))[0];

if (!isMainThread && workerData?.manifestPath !== undefined) await serve(workerData);

async function serve({ manifestPath, warm, words }) {
  const { launch } = await openedProduct({ manifestPath, threads: 1 });
  for (let i = 0; i < warm; i++) await launch();
  parentPort.on("message", async (count) => {
    // All begin when the last is there.
    Atomics.add(words, 0, 1);
    while (Atomics.load(words, 0) < count);
    const start = performance.now();
    await launch();
    parentPort.postMessage(performance.now() - start);
  });
  parentPort.postMessage("ready");
}
