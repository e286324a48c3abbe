// Pronounces a word with the graph in this folder: ./pronounce hello
// c++ -std=c++17 pronounce.cpp -I ONNXRUNTIME/include -L ONNXRUNTIME/lib -lonnxruntime -o pronounce
#include <onnxruntime_cxx_api.h>

#include <cctype>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

// The symbols of a file, one a line, in the order of their numbers.
std::vector<std::string> symbols(const char* name) {
  std::ifstream file(name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

int main(int count, char** words) {
  const std::string word = count > 1 ? words[1] : "hello";
  std::map<std::string, int64_t> numbers;
  for (const auto& letter : symbols("letters.txt")) numbers.emplace(letter, numbers.size());
  std::vector<int64_t> ids;  // of the letters that the model knows, in either case; UTF-8
  for (size_t at = 0, size; at < word.size(); at += size) {
    for (size = 1; at + size < word.size() && (word[at + size] & 0xC0) == 0x80;) ++size;
    std::string letter = word.substr(at, size), upper = letter, lower = letter;
    if (size == 1) upper = std::string(1, std::toupper(letter[0]));
    if (size == 1) lower = std::string(1, std::tolower(letter[0]));
    for (const auto& each : {letter, upper, lower}) {
      if (numbers.count(each)) { ids.push_back(numbers[each]); break; }
    }
  }
  Ort::Env environment;
  Ort::Session session(environment, "greedy.onnx", Ort::SessionOptions());
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const int64_t shape[] = {1, static_cast<int64_t>(ids.size())};
  auto input = Ort::Value::CreateTensor<int64_t>(memory, ids.data(), ids.size(), shape, 2);
  const char *inputs[] = {"letters"}, *outputs[] = {"phonemes", "log_prob"};
  auto found = session.Run(Ort::RunOptions(), inputs, &input, 1, outputs, 2);
  const auto phonemes = symbols("phonemes.txt");
  const auto steps = found[0].GetTensorTypeAndShapeInfo().GetElementCount();
  std::printf("%s\t", word.c_str());
  for (size_t n = 0; n < steps; ++n) {
    const auto id = found[0].GetTensorData<int64_t>()[n];
    if (id) std::printf("%s%s", n ? " " : "", phonemes[id].c_str());
  }
  std::printf("\t%.3f\n", std::exp(found[1].GetTensorData<float>()[0]));
}
