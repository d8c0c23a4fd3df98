/** What `--help` shows below the options of each command. */
export const examples = {
  program: `  aiekit demo                          speech to text on the simulated NPU
  aiekit transcribe speech.wav         speech to text with a Whisper model
  aiekit build mel                     build the mel kernel for the simulator
  aiekit run mel --in a.wav --out mel.npy
  aiekit sim design.mlir --kernel scale.cc --in a.npy --out c.npy
  aiekit validate mel                  compare it with its references
  aiekit inspect xclbin/sim/mel/mel.xclbin --explain`,
  build: `  aiekit build mel
  aiekit build mel --param tiles=3
  aiekit build fft --watch
  aiekit build mel --target npu1 --dry-run
  aiekit build mel --target npu1 --insts-format elf
  aiekit build mel --target npu2 --packager tools --keep
  aiekit build matmul --npu npu2 --param shapes=1500x384x384
  aiekit build mel --dry-run --json`,
  run: `  aiekit run mel --in speech.wav --out mel.npy
  aiekit run fft --in frames.npy --out spectrum.npy
  aiekit run matmul --in a=a.npy --in b=b.npy --out c.npy --time --roofline roofline.png
  aiekit run mel --in pcm=speech.wav --out mel.npy --param tiles=3 --json`,
  validate: `  aiekit validate mel
  aiekit validate mel --clips 3 --report report/
  aiekit validate matmul --npu npu2
  aiekit validate fft --json`,
  rounding: `  aiekit rounding fft
  aiekit rounding mel --clips 3 --json`,
  bench: `  aiekit bench mel --seconds 30
  aiekit bench encoder-layer --param positions=300
  aiekit bench mel --build --json
  aiekit bench logmel --time --roofline roofline.svg
  aiekit bench rtf --placements cpu,sim --lengths 5,30`,
  inspect: `  aiekit inspect xclbin/sim/mel/mel.xclbin
  aiekit inspect insts.bin
  aiekit inspect before.xclbin after.xclbin
  aiekit inspect other.xclbin --roundtrip
  aiekit inspect other.xclbin --explain
  aiekit inspect xclbin/sim/mel/manifest.json --json`,
  doctor: `  aiekit doctor
  aiekit doctor --target npu1 --json`,
  conformance: `  aiekit conformance mlir/fixtures/conformance
  aiekit conformance mlir/fixtures/conformance --only repeat-count-compute
  aiekit conformance designs/ --json`,
  kernels: `  aiekit kernels
  aiekit kernels --json`,
  new: `  aiekit new kernel relu
  aiekit new kernel relu --json`,
} as const;
