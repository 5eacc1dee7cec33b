// Aim: any bytes make a table and a silo's data, or an Error. Method: libFuzzer; the last column is the label.
#include "crossilo/data/csv.hpp"
#include "crossilo/data/import.hpp"
#include "fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace crossilo;
  const MemoryFile file(text_of(data, bytes));
  return fuzz([&] {
    const CsvTable table = read_csv(file.path(), {.columns = {}, .separator = bytes % 2 == 0 ? ',' : ';'});
    ImportRecipe recipe{.label = {.column = table.columns.back(), .comparison = {}}, .regression = true};
    if (bytes % 3 == 0) recipe.label.comparison = LabelComparison::greater;
    recipe.regression = !recipe.label.comparison;
    if (table.columns.size() < 3) return static_cast<void>(import_silos({{"one", table}}, recipe));
    recipe.silo_column = table.columns.front();
    std::vector<SiloTable> tables = tables_by_silo(table, recipe.silo_column);
    static_cast<void>(name_silos(tables));
    static_cast<void>(import_silos(tables, recipe));
  });
}
