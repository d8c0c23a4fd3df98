import {
  bdOffset,
  channelControlOffset,
  deviceModel,
  lockOffset,
  switchPorts as modelPorts,
  shimMuxPorts,
  taskQueueRegisterOffset,
  tileAddress,
  tileKind,
  tileModel,
} from "@aiekit/mlir";
import { registerAt, switchPorts } from "@aiekit/xclbin";
import { expect, test } from "vitest";

// The names that `inspect` prints come from a table of their own; the device model is the other source for these places.
const device = deviceModel("npu2");
const tiles = [0, 1, 2].map((row) => ({ row, kind: tileKind(device, 1, row)!, model: tileModel(device, 1, row) }));

test.each(tiles)("$kind: BDs, locks, channels and memories lie where the device model has them", ({ row, model }) => {
  const nameAt = (offset: number) => registerAt(tileAddress(1, row, offset)).register;
  const { dma, locks, dataBytes, programBytes } = model;

  for (let bd = 0; bd < dma.bds; bd++) {
    expect(nameAt(bdOffset(model, bd))).toMatchObject({
      name: `DMA_BD${bd}`,
      inside: 0,
      row: { role: "bd", bytes: dma.bdWords * 4 },
    });
  }
  expect(nameAt(bdOffset(model, dma.bds))?.row.role).not.toBe("bd");
  for (let lock = 0; lock < locks; lock++) expect(nameAt(lockOffset(model, lock))?.name).toBe(`Lock${lock}_Value`);
  for (const direction of ["S2MM", "MM2S"] as const) {
    for (let channel = 0; channel < dma.channels; channel++) {
      expect(nameAt(channelControlOffset(model, direction, channel))?.name).toBe(`DMA_${direction}_${channel}_Ctrl`);
      const queue = nameAt(taskQueueRegisterOffset(model, direction, channel));
      expect(queue?.name).toMatch(new RegExp(`^DMA_${direction}_${channel}_(Task|Start)_Queue$`));
    }
  }
  if (dataBytes > 0) expect(nameAt(dataBytes - 4)).toMatchObject({ name: "Data_Memory", inside: dataBytes - 4 });
  if (programBytes > 0) {
    expect(nameAt(0x20000 + programBytes - 4)?.name).toBe("Program_Memory");
    expect(nameAt(0x20000 + programBytes)?.name).not.toBe("Program_Memory");
  }
});

test.each(tiles)("$kind: the switch has as many ports of each bundle as the device model says", ({ row, kind }) => {
  const count = (ports: readonly string[], bundle: string) =>
    ports.filter((port) => port.replace(/\d$/, "") === bundle).length;

  for (const bundle of ["Core", "DMA", "FIFO", "South", "West", "North", "East", "TileControl"] as const) {
    const { masters, slaves } = modelPorts(device, 1, row, bundle);
    expect([bundle, count(switchPorts[kind].masters, bundle), count(switchPorts[kind].slaves, bundle)]).toEqual([
      bundle,
      masters,
      slaves,
    ]);
  }
});

test("the shim's muxes have a field for each South port that a DMA channel goes through", () => {
  const fields = (offset: number) => registerAt(tileAddress(0, 0, offset)).register?.row.fields.map(({ name }) => name);

  for (const port of shimMuxPorts.MM2S) expect(fields(0x1f000)).toContain(`South${port}`);
  for (const port of shimMuxPorts.S2MM) expect(fields(0x1f004)).toContain(`South${port}`);
});
