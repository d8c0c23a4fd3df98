// A worker thread that runs the loop-back design once. Mode `leave`: it says so when the run is in flight; mode `ask`: when
// it has asked for a context.
const { parentPort, workerData } = require("node:worker_threads");

async function main({ host, addon, xclbin, insts, mode }) {
  const { openDevice } = await import(host);
  const device = await openDevice("xrt", { xrtAddon: addon });
  const uuid = await device.registerXclbin(xclbin);
  const marker = await device.allocBo(64, { flags: "hostOnly", group: 0x10000 });
  const asked = device.createContext(uuid);
  if (mode === "ask") {
    // Its handle is closed on the device's thread, in turn: the context is made by then.
    marker.close();
    parentPort.postMessage("asked");
    // Busy until its end: what the driver answered meanwhile waits for this thread.
    for (;;);
  }
  const context = await asked;
  const kernel = context.kernel("MLIR_AIE");
  const bo = (i, bytes) =>
    device.allocBo(bytes, { flags: i === 1 ? "cacheable" : "hostOnly", group: kernel.groupId(i) });
  const [instr, input, output] = [await bo(1, insts.length), await bo(3, 256), await bo(4, 256)];
  instr.write(insts);
  await instr.sync("toDevice");
  new Int32Array(input.map()).fill(4711);
  await input.sync("toDevice");
  const run = kernel.run(3, instr, insts.length / 4, input, output);
  if (mode === "leave") {
    parentPort.postMessage("in flight");
    return;
  }
  await run.finish();
  await output.sync("fromDevice");
  parentPort.postMessage(new Int32Array(output.map())[0]);
  await device.close();
}

main(workerData);
