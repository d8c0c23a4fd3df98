"""A host program as anybody would write it with pyxrt: runs a kernel once.

python3 run_kernel.py FILE.xclbin KERNEL insts.bin OUT_BYTES OUT_FILE IN_FILE...

Arguments of the kernel: opcode, instructions, their words, the inputs in order, one output.
"""

import sys
from pathlib import Path

import pyxrt

TO_DEVICE = pyxrt.xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE
FROM_DEVICE = pyxrt.xclBOSyncDirection.XCL_BO_SYNC_BO_FROM_DEVICE


def filled(device, data, flags, group):
    bo = pyxrt.bo(device, len(data), flags, group)
    bo.write(data, 0)
    bo.sync(TO_DEVICE, len(data), 0)
    return bo


def main(xclbin_path, kernel_name, insts_path, out_bytes, out_path, *in_paths):
    device = pyxrt.device(0)
    uuid = device.register_xclbin(pyxrt.xclbin(xclbin_path))
    context = pyxrt.hw_context(device, uuid)
    kernel = pyxrt.kernel(context, kernel_name)
    insts = Path(insts_path).read_bytes()
    instr = filled(device, insts, pyxrt.bo.cacheable, kernel.group_id(1))
    data = [Path(path).read_bytes() for path in in_paths] + [bytes(int(out_bytes))]
    bos = [filled(device, d, pyxrt.bo.host_only, kernel.group_id(3 + i)) for i, d in enumerate(data)]
    state = kernel(3, instr, len(insts) // 4, *bos).wait()
    if state != pyxrt.ert_cmd_state.ERT_CMD_STATE_COMPLETED:
        sys.exit(f"run: {state}")
    bos[-1].sync(FROM_DEVICE, int(out_bytes), 0)
    Path(out_path).write_bytes(bytes(bos[-1].map())[: int(out_bytes)])


main(*sys.argv[1:])
