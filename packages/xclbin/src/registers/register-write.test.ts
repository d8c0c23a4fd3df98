import { expect, test } from "vitest";
import { arrayAddress, registerAt } from "./register-at.ts";
import { blockBds, describeWrite, writeText } from "./register-write.ts";

// Places and meanings below are those of AM025 and aie-rt's xaiemlgbl_params.h, written out by hand.
test.each([
  [0, 0, 0x1d214, "DMA_MM2S_0_Task_Queue", "noc"],
  [3, 0, 0x1f004, "Demux_Config", "noc"],
  [0, 0, 0x3f010, "Stream_Switch_Master_Config_South2", "pl"],
  [0, 0, 0x3f158, "Stream_Switch_Slave_Config_Trace", "pl"],
  [2, 1, 0xa05e4, "DMA_BD47 word 1", "memtile"],
  [2, 1, 0xa065c, "DMA_MM2S_5_Start_Queue", "memtile"],
  [2, 1, 0xb0040, "Stream_Switch_Master_Config_North5", "memtile"],
  [2, 1, 0xb0310, "Stream_Switch_Slave_Trace_Slot0", "memtile"],
  [2, 1, 0xc03f0, "Lock63_Value", "memtile"],
  [1, 2, 0x1de1c, "DMA_MM2S_1_Start_Queue", "memory"],
  [1, 2, 0x1f0f0, "Lock15_Value", "memory"],
  [1, 2, 0x140e4, "Trace_Event1", "memory"],
  [1, 5, 0x32000, "Core_Control", "core"],
  [1, 5, 0x34068, "Event_Broadcast_Block_West_Value", "core"],
  [1, 5, 0x3f058, "Stream_Switch_Master_Config_East3", "core"],
  [1, 5, 0x3f37c, "Stream_Switch_Slave_CoreTrace_Slot3", "core"],
  [1, 5, 0x23ffc, "Program_Memory + 0x3ffc", "core"],
])("tile (%i,%i) offset 0x%x is %s of module %s", (col, row, offset, name, module) => {
  expect(describeWrite(arrayAddress(col, row, offset), 0)).toMatchObject({ tile: [col, row], register: name, module });
});

test("an offset between registers has no name and keeps its number", () => {
  expect(registerAt(arrayAddress(0, 2, 0x1d018)).register).toBeUndefined();
  expect(writeText(describeWrite(arrayAddress(0, 2, 0x2ffff0), 1))).toBe("tile (0,2) 0xffff0 = 0x1");
});

test.each([
  [0, 2, 0x32000, 1, 1, "Enable"],
  [0, 2, 0x32000, 0, 2, "not Reset"],
  [0, 2, 0x3f034, 0x80000007, undefined, "from South2"],
  [0, 1, 0xb002c, 0xc0000091, undefined, "packets of arbiter 1, msel 1, header dropped"],
  [0, 1, 0xb011c, 0xc0000000, undefined, "on, packets"],
  [0, 1, 0xb0270, 0x031f0121, undefined, "packet id 3 under mask 0x1f to arbiter 1, msel 2"],
  [0, 0, 0x1d204, 0x80020003, undefined, "start BD 3, 3 times, token"],
  [0, 1, 0xa0604, 0x00000021, undefined, "start BD 33"],
  [0, 0, 0x1f000, 0x400, 0xc00, "South3 DMA"],
  [0, 0, 0x1d200, 0x0f00, 0x1f00, "Controller_ID 15"],
  [0, 2, 0x1f010, 0x3f, undefined, "-1"],
])("tile (%i,%i) offset 0x%x value 0x%x mask %s means: %s", (col, row, offset, value, mask, meaning) => {
  expect(describeWrite(arrayAddress(col, row, offset), value, mask).meaning).toBe(meaning);
});

test("a block over a compute tile's BD is told with length, place, pattern, locks and the next BD", () => {
  // Word 0: base 256, length 64. Words 2 and 3: D0 step 2 wrap 4, D1 step 8 wrap 3. Word 5: next 1, valid, locks.
  const words = [(256 << 14) | 64, 0, (7 << 13) | 1, (3 << 21) | (4 << 13), 0, 0x0e07dfe1 | (1 << 12)];

  expect(blockBds(arrayAddress(0, 2, 0x1d000), words)).toEqual([
    {
      bd: 0,
      text: "64 words at word 256, sizes [4, 3] strides [2, 8, 1] words, acquire lock 1 >= 1, release lock 14 by 1, next BD 1",
    },
  ]);
});

test("a block over two shim BDs gives both, and half a BD gives none", () => {
  const linear = [16, 0, 0, 0, 0x80000000, 0x02000000, 0, 0x02000000];

  expect(blockBds(0x1d020, [...linear, ...linear]).map(({ bd }) => bd)).toEqual([1, 2]);
  expect(blockBds(0x1d020, linear)[0]?.text).toBe("16 words at + 0 B, burst code 2");
  expect(blockBds(0x1d020, linear.slice(0, 7))).toEqual([]);
});
