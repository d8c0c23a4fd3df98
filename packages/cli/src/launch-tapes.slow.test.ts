import { createHash } from "node:crypto";
import { type Tensor, tensor } from "@aiekit/core";
import { loadKernel, openDevice } from "@aiekit/host";
import { buildKernel } from "@aiekit/tools";
import { createRandom } from "@aiekit/validate";
import { expect, test } from "vitest";

const launches = 7;
const arrays = {
  ...{ i8: Int8Array, u8: Uint8Array, i16: Int16Array, i32: Int32Array, u32: Uint32Array },
  ...{ f32: Float32Array, bf16: Uint16Array },
};

/** Small numbers; ones where the words are multipliers, shifts or lengths. */
function randomTensor(dtype: string, shape: readonly number[], seed: number): Tensor {
  const random = createRandom(seed);
  const data = new arrays[dtype as keyof typeof arrays](shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) {
    const value = random.between(-50, 50);
    if (dtype === "bf16") data[i] = new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
    else data[i] = dtype === "i32" || dtype === "u32" ? 1 : value;
  }
  return tensor(dtype as Tensor["dtype"], [...shape], data as Tensor["data"]);
}

/** Of all bytes: comparing some hundred thousand elements one by one takes longer than the launches. */
function digest(outputs: Readonly<Record<string, Tensor>>): string {
  const hash = createHash("sha256");
  for (const [name, { data }] of Object.entries(outputs)) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

test.each([
  ["add", {}],
  ["attention", {}],
  ["conv1d", {}],
  ["fft", {}],
  ["gelu", {}],
  ["gemv", {}],
  ["layernorm", {}],
  ["logmel", {}],
  ["matmul", { shapes: "256x256x256" }],
  ["matmul", { shapes: "256x256x256", dtype: "bf16_bf16" }],
  ["mel", {}],
  ["softmax", {}],
  ["topk", {}],
  ["transpose", {}],
])(
  "%s %o: launches that may be played, on one thread and on two, are those that are worked out anew",
  async (kernel, params) => {
    const { manifestPath } = await buildKernel({ kernel, target: "sim", params });
    const ways = [
      { tapes: false },
      {},
      { strands: "always" },
      { threads: 2 },
      { threads: 2, strands: "always" },
    ] as const;
    const devices = ways.map((options) => openDevice("sim", options));
    const loaded = await Promise.all(devices.map(async (device) => loadKernel(await device, manifestPath)));
    const { sequences } = loaded[0]!.manifest;
    for (let launch = 0; launch < launches; launch++) {
      for (const { name, args } of sequences) {
        const given = args.filter(({ direction }) => direction !== "out");
        const inputs = Object.fromEntries(
          given.map((arg, i) => [arg.name, randomTensor(arg.dtype, arg.shape, 100 * launch + i)]),
        );
        const ran = [];
        for (const one of loaded) {
          const { outputs, report } = await one.launch(name, inputs);
          ran.push({ outputs: digest(outputs), cycles: report.run.modelled?.cycles });
        }

        expect(ran[0]!.cycles).toBeGreaterThan(0);
        for (const other of ran.slice(1)) expect(other, `${name}, launch ${launch}`).toEqual(ran[0]);
      }
    }
    for (const one of loaded) await one.close();
    for (const device of devices) await (await device).close();
  },
);
