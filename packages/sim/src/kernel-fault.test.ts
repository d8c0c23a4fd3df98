import { expect, test } from "vitest";
import { wasmFrames } from "./kernel-fault.ts";

test("frames have the names of C++ functions whole, and none where the trace has none", () => {
  const v8 = `RuntimeError: unreachable
    at core.wasm.sum(int const*, int) (wasm://wasm/core.wasm-6078:wasm-function[4]:0x3f9)
    at core.wasm.k (wasm://wasm/core.wasm-6078:wasm-function[5]:0x401)
    at wasm://wasm/6078:wasm-function[6]:0x410
    at Core.fire (file:///core.js:124:37)`;
  const spiderMonkey = "k@http://host/page.js:wasm-function[5]:0x401\n@http://host/page.js:wasm-function[6]:0x410";

  expect(wasmFrames(v8)).toEqual([
    { functionName: "core.wasm.sum(int const*, int)", byteOffset: 0x3f9 },
    { functionName: "core.wasm.k", byteOffset: 0x401 },
    { functionName: undefined, byteOffset: 0x410 },
  ]);
  expect(wasmFrames(spiderMonkey)).toEqual([
    { functionName: "k", byteOffset: 0x401 },
    { functionName: undefined, byteOffset: 0x410 },
  ]);
});
