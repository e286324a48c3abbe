#!/usr/bin/env bash
# What is asked of a GPU, in under ten minutes of it:
#
#     pip install -r benchmarks/requirements.txt "jax[cuda12]"
#     benchmarks/gpu.sh FOLDER [OUTPUT]        # a folder with train.txt and dev.txt of CMUdict 2007
#     SIZE=tiny benchmarks/gpu.sh FOLDER       # the same way through on a CPU, with tiny sizes
#
# Wall time from the command to dev WERs; training steps beside PyTorch's with their shares of the
# matmul limit; what ensembles of 1 and 8 cost. JSON lines, in OUTPUT (default: runs/gpu).
set -euo pipefail
cd "$(dirname "$0")/.."
data=$(realpath "${1:?a folder with train.txt and dev.txt}")
output=${2:-runs/gpu}
mkdir -p "$output"

config=configs/gru.py ensemble=configs/lstm.py platform=gpu batch=256 steps=8 rounds=5 members=1,8
train=(--config.train.batch_size=512 --config.train.learning_rate=3e-3)
if [[ ${SIZE:-} == tiny ]]; then
  config=configs/gru.py:tiny ensemble=configs/lstm.py:tiny platform=cpu batch=8 steps=1 rounds=1
  members=1,2
  train=(--config.train.epochs=1)
fi
words=(--config.data.train="$data/train.txt" --config.data.dev="$data/dev.txt")
words+=(--config.data.test_share=0.0)

python benchmarks/time_to_accuracy.py --wer=25,23,22 -- --config=$config "${train[@]}" \
  "${words[@]}" | tee "$output/time_to_accuracy.jsonl"
python benchmarks/train_step.py --platform=$platform --models=attention \
  --batches=$batch --steps=$steps --rounds=$rounds | tee "$output/train_step.jsonl"
python benchmarks/scaling.py --config=$ensemble "${words[@]}" --members=$members --rounds=$rounds \
  --devices=1 --batches=2 --output="$output"
