import { type RegisterModule, type RegisterRow, rowsOf, type TileKind } from "./register-rows.ts";
import { switchPorts } from "./switch-ports.ts";

const channelFields = "Reset:1 Enable_Out_Of_Order:3 Decompression_Enable:4 Controller_ID:8-15 FoT_Mode:16-17";
const shimChannelFields = "Pause_Mem:1 Pause_Stream:2 Enable_Out_Of_Order:3 Controller_ID:8-15 FoT_Mode:16-17";
const isolateFields = "Isolate_From_South:0 Isolate_From_West:1 Isolate_From_North:2 Isolate_From_East:3";

/**
 * The registers of each kind of tile, the same on AIE2 and AIE2P for everything that designs configure. The cores' own
 * registers (accumulators, vectors, pointers) are left out: nothing writes them from outside.
 * Source: aie-rt xaiemlgbl_params.h for offsets and fields; AM025 for the words. Memory sizes and places of BDs, locks and
 * channels are held against the device model in the tests of the command line.
 */
export const registerTable: Readonly<Record<TileKind, readonly RegisterRow[]>> = {
  computeTile: [...memoryModule(), ...coreModule()],
  memtile: memtileModule(),
  shim: [...nocModule(), ...plModule()],
};

function memoryModule(): RegisterRow[] {
  const row = rowsOf("memory");
  return [
    row(0, "Data_Memory", { bytes: 0x10000, role: "dataMemory" }),
    ...counterRows("memory", { at: 0x11000, counters: 2, controls: 2 }),
    row(0x12000, "Checkbit_Error_Generation"),
    row(0x12110, "ECC_Scrubbing_Event"),
    ...eventRows("memory", 0x14000),
    row(0x14100, "WatchPoint#", { count: 2 }),
    row(0x16000, "Spare_Reg"),
    row(0x16010, "Memory_Control", { fields: "Memory_Zeroisation:0" }),
    row(0x1d000, "DMA_BD#", { count: 16, stride: 0x20, bytes: 24, role: "bd" }),
    ...channelRows("memory", {
      s2mm: 0x1de00,
      mm2s: 0x1de10,
      channels: 2,
      queue: "Start_Queue",
      fields: channelFields,
    }),
    row(0x1df00, "DMA_S2MM_Status_#", { count: 2 }),
    row(0x1df10, "DMA_MM2S_Status_#", { count: 2 }),
    row(0x1f000, "Lock#_Value", { count: 16, stride: 0x10, role: "lock" }),
    row(0x1f100, "Locks_Event_Selection_#", { count: 8 }),
    row(0x1f120, "Locks_Overflow"),
    row(0x1f128, "Locks_Underflow"),
  ];
}

function coreModule(): RegisterRow[] {
  const row = rowsOf("core");
  return [
    row(0x20000, "Program_Memory", { bytes: 0x4000, role: "programMemory" }),
    row(0x24000, "Program_Memory_Error_Injection"),
    ...counterRows("core", { at: 0x31500, counters: 4, controls: 3 }),
    row(0x32000, "Core_Control", { role: "coreControl", fields: "Enable:0 Reset:1" }),
    row(0x32004, "Core_Status"),
    row(0x32008, "Enable_Events"),
    row(0x3200c, "Reset_Event"),
    row(0x32010, "Debug_Control#", { count: 3 }),
    row(0x3201c, "Debug_Status"),
    row(0x32020, "PC_Event#", { count: 4 }),
    row(0x32030, "Error_Halt_Control"),
    row(0x32034, "Error_Halt_Event"),
    row(0x32038, "Core_Processor_Bus", { fields: "Enable:0 SLVERR_On_Access:2" }),
    row(0x32100, "ECC_Control"),
    row(0x32110, "ECC_Scrubbing_Event"),
    ...eventRows("core", 0x34000),
    row(0x36030, "Tile_Control", { fields: isolateFields }),
    row(0x36040, "CSSD_Trigger"),
    row(0x36050, "Spare_Reg"),
    row(0x36060, "Accumulator_Control", { fields: "Input:0 Output:1" }),
    row(0x36070, "Memory_Control", { fields: "Memory_Zeroisation:0" }),
    ...switchRows("core", "computeTile", 0x3f000),
    row(0x60000, "Module_Clock_Control", {
      fields: "Stream_Switch_Clock_Enable:0 Memory_Module_Clock_Enable:1 Core_Module_Clock_Enable:2",
    }),
    row(0x60010, "Module_Reset_Control"),
  ];
}

function memtileModule(): RegisterRow[] {
  const row = rowsOf("memtile");
  return [
    row(0, "Data_Memory", { bytes: 0x80000, role: "dataMemory" }),
    ...counterRows("memtile", { at: 0x91000, counters: 4, controls: 3 }),
    row(0x92000, "Checkbit_Error_Generation"),
    row(0x92110, "ECC_Scrubbing_Event"),
    ...eventRows("memtile", 0x94000),
    row(0x94100, "WatchPoint#", { count: 4 }),
    row(0x96000, "Spare_Reg"),
    row(0x96030, "Tile_Control", { fields: isolateFields }),
    row(0x96040, "CSSD_Trigger"),
    row(0x96048, "Memory_Control", { fields: "Memory_Zeroisation:0" }),
    row(0xa0000, "DMA_BD#", { count: 48, bytes: 32, role: "bd" }),
    ...channelRows("memtile", {
      s2mm: 0xa0600,
      mm2s: 0xa0630,
      channels: 6,
      queue: "Start_Queue",
      fields: channelFields,
    }),
    row(0xa0660, "DMA_S2MM_Status_#", { count: 6 }),
    row(0xa0680, "DMA_MM2S_Status_#", { count: 6 }),
    row(0xa06a0, "DMA_Event_Channel_Selection"),
    ...switchRows("memtile", "memtile", 0xb0000),
    row(0xc0000, "Lock#_Value", { count: 64, stride: 0x10, role: "lock" }),
    row(0xc0400, "Locks_Event_Selection_#", { count: 8 }),
    row(0xfff00, "Module_Clock_Control", { fields: "Stream_Switch_Clock_Enable:0 Memory_Module_Clock_Enable:1" }),
    row(0xfff10, "Module_Reset_Control"),
  ];
}

function nocModule(): RegisterRow[] {
  const row = rowsOf("noc");
  return [
    row(0x14000, "Lock#_Value", { count: 16, stride: 0x10, role: "lock" }),
    row(0x14100, "Locks_Event_Selection_#", { count: 6 }),
    row(0x15004, "Interrupt_Controller_2nd_Level_Enable"),
    row(0x15008, "Interrupt_Controller_2nd_Level_Disable"),
    row(0x1500c, "Interrupt_Controller_2nd_Level_Status"),
    row(0x15010, "Interrupt_Controller_2nd_Level_Interrupt"),
    row(0x16000, "Spare_Reg"),
    row(0x1d000, "DMA_BD#", { count: 16, bytes: 32, role: "bd" }),
    ...channelRows("noc", {
      s2mm: 0x1d200,
      mm2s: 0x1d210,
      channels: 2,
      queue: "Task_Queue",
      fields: shimChannelFields,
    }),
    row(0x1d220, "DMA_S2MM_Status_#", { count: 2 }),
    row(0x1d228, "DMA_MM2S_Status_#", { count: 2 }),
    row(0x1e008, "NoC_Interface_ME_to_NoC_South2"),
    row(0x1e00c, "NoC_Interface_ME_to_NoC_South3"),
    row(0x1e010, "NoC_Interface_ME_to_NoC_South4"),
    row(0x1e014, "NoC_Interface_ME_to_NoC_South5"),
    row(0x1e020, "ME_AXIMM_Config"),
    row(0x1f000, "Mux_Config", { role: "shimMux", fields: "South2:8-9 South3:10-11 South6:12-13 South7:14-15" }),
    row(0x1f004, "Demux_Config", { role: "shimMux", fields: "South2:4-5 South3:6-7 South4:8-9 South5:10-11" }),
  ];
}

function plModule(): RegisterRow[] {
  const row = rowsOf("pl");
  return [
    ...counterRows("pl", { at: 0x31000, counters: 2, controls: 2 }),
    row(0x33000, "PL_Interface_Upsizer_Config"),
    row(0x33004, "PL_Interface_Downsizer_Config"),
    row(0x33008, "PL_Interface_Downsizer_Enable"),
    row(0x3300c, "PL_Interface_Downsizer_Bypass"),
    ...eventRows("pl", 0x34000),
    ...["A", "B"].flatMap((group, i) => {
      const base = 0x35000 + i * 0x30;
      const parts = ["Mask", "Enable", "Disable", "Status", "IRQ_No", "IRQ_Event"];
      const blocks = ["Set", "Clear", "Value"].map((what) => `Block_North_In_${group}_${what}`);
      const names = [...parts.map((part) => `${part}_${group}`), ...blocks];
      return names.map((name, k) => row(base + k * 4, `Interrupt_Controller_1st_Level_${name}`));
    }),
    row(0x36030, "Tile_Control", { fields: isolateFields }),
    ...switchRows("pl", "shim", 0x3f000),
    row(0xfff00, "Module_Clock_Control_#", { count: 2 }),
    row(0xfff10, "Module_Reset_Control_#", { count: 2 }),
    row(0xfff20, "Column_Clock_Control", { fields: "Clock_Buffer_Enable:0" }),
    row(0xfff28, "Column_Reset_Control"),
  ];
}

function counterRows(
  module: RegisterModule,
  { at, counters, controls }: { readonly at: number; readonly counters: number; readonly controls: number },
): RegisterRow[] {
  const row = rowsOf(module);
  // The modules with two controls keep them 8 bytes apart.
  const stride = controls === 2 ? 8 : 4;
  return [
    row(at, "Performance_Control#", { count: controls, stride }),
    row(at + 0x20, "Performance_Counter#", { count: counters }),
    row(at + 0x80, "Performance_Counter#_Event_Value", { count: counters }),
  ];
}

/** Timer, events, trace and broadcasts: one block of the same shape in every module. */
function eventRows(module: RegisterModule, base: number): RegisterRow[] {
  const row = rowsOf(module);
  const high = module === "memtile" ? [23, 31] : [22, 30];
  const groups = module === "memtile" || module === "pl" ? ["A_", "B_"] : [""];
  const blocks = groups.flatMap((group, g) =>
    ["South", "West", "North", "East"].flatMap((side, s) =>
      ["Set", "Clr", "Value"].map((what, k) =>
        row(base + 0x50 + g * 0x40 + s * 0x10 + k * 4, `Event_Broadcast_${group}Block_${side}_${what}`),
      ),
    ),
  );
  return [
    row(base, "Timer_Control"),
    row(base + 0x8, "Event_Generate"),
    row(base + 0x10, "Event_Broadcast#", { count: 16 }),
    ...blocks,
    row(base + 0xd0, "Trace_Control0", {
      fields: `${module === "core" ? "Mode:0-1 " : ""}Trace_Start_Event:16-${high[0]} Trace_Stop_Event:24-${high[1]}`,
    }),
    row(base + 0xd4, "Trace_Control1", { fields: "ID:0-4 Packet_Type:12-14" }),
    row(base + 0xd8, "Trace_Status"),
    row(base + 0xe0, "Trace_Event#", { count: 2 }),
    row(base + 0xf0, "Timer_Trig_Event_Low_Value"),
    row(base + 0xf4, "Timer_Trig_Event_High_Value"),
    row(base + 0xf8, "Timer_Low"),
    row(base + 0xfc, "Timer_High"),
    row(base + 0x200, "Event_Status#", { count: 4 }),
    row(base + 0x400, "Combo_Event_Inputs"),
    row(base + 0x404, "Combo_Event_Control"),
    row(base + 0x408, "Edge_Detection_Event_Control"),
    row(base + 0x500, "Event_Group_#_Enable", { count: 9 }),
  ];
}

function channelRows(
  module: RegisterModule,
  block: {
    readonly s2mm: number;
    readonly mm2s: number;
    readonly channels: number;
    readonly queue: string;
    readonly fields: string;
  },
): RegisterRow[] {
  const row = rowsOf(module);
  const { channels: count, queue, fields } = block;
  return (["S2MM", "MM2S"] as const).flatMap((direction) => {
    const base = direction === "S2MM" ? block.s2mm : block.mm2s;
    const queueFields = `Start_BD_ID:0-${module === "memtile" ? 5 : 3} Repeat_Count:16-23 Enable_Token_Issue:31`;
    return [
      row(base, `DMA_${direction}_#_Ctrl`, { count, stride: 8, role: "channelControl", fields }),
      row(base + 4, `DMA_${direction}_#_${queue}`, { count, stride: 8, role: "taskQueue", fields: queueFields }),
    ];
  });
}

function switchRows(module: RegisterModule, kind: TileKind, base: number): RegisterRow[] {
  const row = rowsOf(module);
  const { masters, slaves } = switchPorts[kind];
  const masterFields = "Configuration:0-6 Drop_Header:7 Packet_Enable:30 Master_Enable:31";
  const slotFields = "Arbit:0-2 Msel:4-5 Enable:8 Mask:16-20 ID:24-28";
  return [
    ...masters.map((port, i) =>
      row(base + i * 4, `Stream_Switch_Master_Config_${port}`, { role: "switchMaster", fields: masterFields }),
    ),
    ...slaves.map((port, i) =>
      row(base + 0x100 + i * 4, `Stream_Switch_Slave_Config_${port}`, {
        role: "switchSlave",
        fields: "Packet_Enable:30 Slave_Enable:31",
      }),
    ),
    ...slaves.map((port, i) =>
      row(base + 0x200 + i * 16, `Stream_Switch_Slave_${port}_Slot#`, {
        count: 4,
        role: "switchSlot",
        fields: slotFields,
      }),
    ),
    row(base + 0x800, "Stream_Switch_Deterministic_Merge_#", { count: 8 }),
    row(base + 0xf00, "Stream_Switch_Event_Port_Selection_#", { count: 2 }),
  ];
}
