import { AieArray, parseArrayConfig } from "@aiekit/sim";
import { decodeSimImage, readXclbin } from "@aiekit/xclbin";

/** What a page is asked to run: files by the address they lie at. */
export interface PageJob {
  readonly xclbin: string;
  readonly insts: string;
  /** Arguments of the runtime sequence; the results are posted to the same addresses. */
  readonly buffers: readonly string[];
}

export interface PageReport {
  readonly cycles: number;
  readonly warnings: readonly string[];
  /** Names of Node's that this realm has: none in a browser. */
  readonly nodeGlobals: readonly string[];
  readonly userAgent: string;
}

// The entry of the bundle that runs in a page, or in a worker of one.
await run().then(
  (report) => post("/report", JSON.stringify(report)),
  (error: unknown) => post("/failure", error instanceof Error ? `${error.message}\n${error.stack}` : String(error)),
);

async function run(): Promise<PageReport> {
  const job = (await (await fetch("/job")).json()) as PageJob;
  const [pdi] = readXclbin(await bytesAt(job.xclbin), "page.xclbin").partition?.pdis ?? [];
  if (pdi === undefined) throw new Error("page.xclbin: expected a PDI, found none");
  const image = decodeSimImage(pdi.image, "page.xclbin");
  const modules = image.cores.map(({ col, row, module }) => [`${col},${row}`, image.modules[module]!] as const);
  const array = new AieArray(parseArrayConfig(image.loweredMlir, "lowered.mlir"), new Map(modules));
  const buffers: Uint8Array<ArrayBuffer>[] = [];
  for (const address of job.buffers) buffers.push(await bytesAt(address));
  const { cycles, warnings } = await array.run({ insts: await bytesAt(job.insts), buffers });
  for (const [i, address] of job.buffers.entries()) await post(address, buffers[i]!);
  const nodeGlobals = ["process", "Buffer", "setImmediate", "require"].filter((name) => name in globalThis);
  return { cycles, warnings, nodeGlobals, userAgent: navigator.userAgent };
}

async function bytesAt(address: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(address)).arrayBuffer());
}

async function post(address: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
  await fetch(address, { method: "POST", body });
}
