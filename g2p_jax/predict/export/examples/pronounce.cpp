// Pronounces words with the graph in this folder: ./pronounce hello through
// Without words it reads them from standard input, one a line.
// c++ -std=c++17 pronounce.cpp -I ONNXRUNTIME/include -L ONNXRUNTIME/lib -lonnxruntime -o pronounce
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using Row = std::vector<int64_t>;
using Table = std::map<char32_t, Row>;

std::filesystem::path folder;  // of the program

std::vector<std::string> lines(const char* name) {
  std::ifstream file(folder / name);
  if (!file) throw std::runtime_error((folder / name).string() + " cannot be read");
  std::vector<std::string> found;
  for (std::string line; std::getline(file, line);) found.push_back(line);
  return found;
}

// The code points of UTF-8, as those characters are written.
std::vector<std::pair<char32_t, std::string>> characters(const std::string& text) {
  std::vector<std::pair<char32_t, std::string>> found;
  for (size_t at = 0, size; at < text.size(); at += size) {
    const unsigned char first = text[at];
    char32_t code = first < 0xC0 ? first : first < 0xE0 ? first & 31 : first < 0xF0 ? first & 15 : first & 7;
    for (size = 1; at + size < text.size() && (text[at + size] & 0xC0) == 0x80; ++size)
      code = code << 6 | (text[at + size] & 63);
    found.emplace_back(code, text.substr(at, size));
  }
  return found;
}

// What spelling.txt says: of each language the numbers of letters for each character.
struct Spelling {
  size_t longest;
  std::vector<std::string> letters = lines("letters.txt");
  std::map<std::string, Table> tables;
  std::map<std::string, std::string> names;  // of languages

  Spelling() {
    auto rows = lines("spelling.txt");
    longest = std::stoul(rows.front());
    rows.erase(rows.begin());
    for (const std::string& line : rows) {
      std::istringstream fields(line);
      std::string language, code;
      fields >> language >> code;
      if (!std::isdigit(code[0])) {  // a name of a language
        names[language] = code;
        continue;
      }
      Row& numbers = tables[language][std::stoul(code)];
      for (int64_t number; fields >> number;) numbers.push_back(number);
    }
  }

  // The numbers of the letters of each part of a word; prints what is wrong.
  std::vector<Row> spell(const std::string& word) const {
    const size_t colon = word.find(':');
    std::string name = colon == word.npos ? "" : word.substr(0, colon);
    for (char& letter : name) letter = std::tolower(static_cast<unsigned char>(letter));
    if (!names.count(name)) name = name.substr(0, name.find_first_of("-_"));  // de-AT
    const bool named = names.count(name);
    const auto found = tables.find(named ? names.at(name) : "-");
    if (found == tables.end()) {
      std::string known;
      for (const auto& [language, table] : tables) known += (known.empty() ? "" : ", ") + language;
      std::cerr << "'" << word << "': needs a language, as deu:Haus does; the model knows " << known << std::endl;
      return {};
    }
    const Table& table = found->second;
    std::vector<Row> parts(1), rows;
    std::string unknown;
    for (const auto& [code, text] : characters(named ? word.substr(colon + 1) : word)) {
      const auto known = table.find(code);
      if (known == table.end()) unknown += text;
      else if (known->second == Row{0}) parts.emplace_back();  // a hyphen or a space
      else for (const int64_t number : known->second)
        if (number == 3) unknown += text;  // the letter is read as another
        else parts.back().push_back(number);
    }
    const auto first = std::find(letters.begin(), letters.end(), found->first + ":");
    for (const Row& part : parts) {  // equal pieces, where it is too long
      if (part.empty()) continue;
      const size_t count = (part.size() + longest - 1) / longest, size = (part.size() + count - 1) / count;
      for (size_t i = 0; i < part.size(); i += size) {
        rows.emplace_back();
        if (first != letters.end()) rows.back().push_back(first - letters.begin());  // names the language
        rows.back().insert(rows.back().end(), &part[i], &part[i] + std::min(size, part.size() - i));
      }
    }
    if (!unknown.empty()) std::cerr << "'" << word << "': not known: " << unknown << std::endl;
    else if (rows.empty()) std::cerr << "'" << word << "': no letters" << std::endl;
    return rows;
  }
};

struct Model {
  Spelling spelling;
  std::vector<std::string> phonemes = lines("phonemes.txt");
  Ort::Env environment;
  Ort::Session session{environment, (folder / "greedy.onnx").c_str(), Ort::SessionOptions()};

  void pronounce(std::string word) {
    const char* space = " \t\r\n";
    word.erase(0, word.find_first_not_of(space)).erase(word.find_last_not_of(space) + 1);
    std::string found;
    double log_prob = 0;
    if (const auto rows = spelling.spell(word); !rows.empty()) {
      size_t width = 0;
      for (const Row& row : rows) width = std::max(width, row.size());
      Row letters(rows.size() * width);  // 0 fills up short rows
      for (size_t r = 0; r < rows.size(); ++r) std::copy(rows[r].begin(), rows[r].end(), &letters[r * width]);
      const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
      const int64_t shape[] = {static_cast<int64_t>(rows.size()), static_cast<int64_t>(width)};
      auto input = Ort::Value::CreateTensor<int64_t>(memory, letters.data(), letters.size(), shape, 2);
      const char *inputs[] = {"letters"}, *outputs[] = {"phonemes", "log_prob"};
      const auto output = session.Run(Ort::RunOptions(), inputs, &input, 1, outputs, 2);
      const auto steps = output[0].GetTensorTypeAndShapeInfo().GetElementCount();
      for (size_t n = 0; n < steps; ++n)
        if (const auto id = output[0].GetTensorData<int64_t>()[n]) found += (found.empty() ? "" : " ") + phonemes[id];
      for (size_t r = 0; r < rows.size(); ++r) log_prob += output[1].GetTensorData<float>()[r];
    }
    std::replace(word.begin(), word.end(), '\t', ' ');
    std::cout << word << '\t' << found << '\t' << (found.empty() ? 0 : std::exp(log_prob)) << std::endl;
  }
};

int main(int count, char** words) {
  try {
    std::cout << std::fixed << std::setprecision(3);
    folder = std::filesystem::path(words[0]).parent_path();
    Model model;
    for (int n = 1; n < count; ++n) model.pronounce(words[n]);
    if (count > 1) return 0;
    for (std::string line; std::getline(std::cin, line);) {
      if (line.rfind("\xEF\xBB\xBF", 0) == 0) line.erase(0, 3);  // the mark at the start of a file
      model.pronounce(line);
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
