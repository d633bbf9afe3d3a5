// SPDX-License-Identifier: Apache-2.0
/// \file
/// The checks of a declaration that was read: those of the compiler, called at run time, with the place in the file.
/// Whether blocks build, shapes fit and constraints leave a network is left to the compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/io/block_catalogue.hpp"
#include "nascent/io/json_reader.hpp"
#include "nascent/space/check.hpp"
#include "nascent/space/detail/constraint_checks.hpp"

namespace nascent {

/// A declaration in a file that makes no sense: the pointer says where in the file, `place` where in the declaration.
struct declaration_error : json_error {
  declaration_error(fault kind, std::string_view pointer, std::string_view where, std::string_view what,
                    std::string_view allowed, std::string printed = {})
      : json_error(pointer, std::string(what) + " (" + std::string(where) + ")", allowed),
        reason(kind),
        place(where),
        value(what),
        output(std::move(printed)) {}

  fault reason;        ///< none where the compiler refused it
  std::string place;   ///< "stage 1, field filters"
  std::string value;   ///< what was found there
  std::string output;  ///< all that the compiler printed, if it was asked
};

namespace detail {

/// \throws declaration_error where the finder has found something
inline void refuse_fault(const fault_finder& finder, const std::string& pointer) {
  const declaration_fault& f = finder.first;
  if (!f) return;
  const auto without = [](const short_text& text, std::string_view begin) {
    std::string_view rest = text.view();
    if (rest.starts_with(begin)) rest.remove_prefix(begin.size());
    return std::string(rest);
  };
  throw declaration_error(f.what, pointer, f.where.view(), without(f.found, "found "), without(f.allowed, "allowed: "));
}

/// Where a block of a stage stands in a file.
inline std::string block_pointer(const std::string& stage, const described_stage& s, std::size_t alternative) {
  const std::string block = stage + "/block" + (s.blocks.size() > 1 ? "/either/" + std::to_string(alternative) : "");
  return block + "/" + s.blocks[alternative].name;
}

/// Where each stage of a description stands in its file.
inline std::vector<std::string> stage_pointers(const space_description& d) {
  std::vector<std::string> all;
  std::size_t head = 0;
  std::size_t body = 0;
  for (const described_stage& s : d.stages)
    all.push_back(s.role == described_stage::kind::head ? "/head/" + std::to_string(head++)
                                                        : "/stages/" + std::to_string(body++));
  return all;
}

/// The stages of a description as the checks of declarations want them: the input first.
class described_facts {
 public:
  static constexpr std::int64_t most_slots = 10'000;

  described_facts(const space_description& d, const block_catalogue& blocks, const std::vector<std::string>& pointers)
      : d_(d), stores_(d.stages.size() + 1), facts_(d.stages.size() + 1) {
    stage_facts& input = facts_[0];
    input.declared_name = "input";
    stores_[0].names = {"input_size"};
    add_field(0, 0, 0, "resolution", &d.resolution);
    finish(0, nullptr, "/input");
    for (std::size_t i = 0; i < d.stages.size(); ++i) add_stage(i + 1, d.stages[i], blocks, pointers[i]);
    std::int64_t total = 0;
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      first_.push_back(static_cast<int>(total));
      total += facts_[i].slot_count;
      names_.push_back(name_stage(facts_.data(), i));
      hashes_.push_back(hash_name(names_.back()));
      if (total > most_slots)
        throw json_error(i == 0 ? "/input" : pointers[i - 1], "more than 10000 decisions up to here", "fewer");
    }
    places_.resize(static_cast<std::size_t>(total));
    for (std::size_t i = 0; i < facts_.size(); ++i)
      place_slots(facts_[i], static_cast<int>(i), first_[i], places_.data());
  }

  const stage_facts& stage(std::size_t i) const { return facts_[i]; }
  const stage_facts* stages() const { return facts_.data(); }
  std::size_t size() const { return facts_.size(); }
  const short_text* names() const { return names_.data(); }
  const std::uint64_t* hashes() const { return hashes_.data(); }
  const std::vector<slot_place>& places() const { return places_; }
  path_parts paths() const { return {facts_.data(), names_.data(), places_.data(), places_.size()}; }

  /// What is chosen in a slot; null of a block.
  const described_field* choice_at(std::size_t slot) const {
    const slot_place& p = places_[slot];
    const auto stage = static_cast<std::size_t>(p.stage);
    if (p.role == slot_role::block) return nullptr;
    if (p.role == slot_role::field)
      for (std::size_t i = 0; i < stores_[stage].entries.size(); ++i)
        if (stores_[stage].entries[i].alternative == p.alternative && stores_[stage].entries[i].field == p.field)
          return stores_[stage].fields[i];
    const described_stage& s = d_.stages[stage - 1];
    return &*(p.role == slot_role::stride ? s.stride : p.role == slot_role::skip ? s.skip : s.layers);
  }

 private:
  struct store {
    std::vector<int> layers{};
    std::vector<field_entry> entries{};
    std::vector<const described_field*> fields{};
    std::vector<std::size_t> options{};
    std::vector<std::string_view> names{};
  };

  void add_field(std::size_t i, std::size_t alternative, std::size_t number, std::string_view name,
                 const described_field* said) {
    stores_[i].entries.push_back({.alternative = static_cast<int>(alternative),
                                  .field = static_cast<int>(number),
                                  .kind = said == nullptr ? field_kind::fixed : said->how,
                                  .name = name});
    stores_[i].fields.push_back(said);
    stores_[i].options.push_back(said == nullptr || said->how == field_kind::tied ? 1 : options_of(*said));
    if (said != nullptr && said->how == field_kind::tied) facts_[i].tied = true;
  }

  void add_stage(std::size_t i, const described_stage& s, const block_catalogue& blocks, const std::string& pointer) {
    stage_facts& f = facts_[i];
    f.declared_name = s.role == described_stage::kind::head ? "head" : std::string_view(s.name);
    f.in_head = s.role == described_stage::kind::head;
    f.named_choice = s.role == described_stage::kind::choice;
    f.independent = s.independent;
    if (f.named_choice) {
      stores_[i].names = {"named_choice"};
      add_field(i, 0, 0, "value", &s.value);
    }
    for (std::size_t a = 0; a < s.blocks.size(); ++a) {
      const known_block& known = *blocks.find(s.blocks[a].name);
      stores_[i].names.push_back(known.name);
      for (std::size_t j = 0; j < known.fields.size(); ++j)
        add_field(i, a, j, known.fields[j].name, s.blocks[a].find(known.fields[j].name));
      f.offers_skip = a > 0 && known.is_skip;
    }
    f.alternatives = static_cast<int>(stores_[i].names.size());
    finish(i, &s, pointer);
  }

  void finish(std::size_t i, const described_stage* s, const std::string& pointer) {
    stage_facts& f = facts_[i];
    store& all = stores_[i];
    if (s != nullptr && s->layers) {
      f.layers_chosen = s->layers->how != field_kind::fixed;
      for (std::size_t o = 0; o < options_of(*s->layers) && o <= 64; ++o)
        all.layers.push_back(whole_option(*s->layers, o));
    } else {
      all.layers = {1};
    }
    f.layer_options = all.layers.size();
    f.layer_counts = all.layers.data();
    f.number_layers();
    int shared = 0;
    for (const field_entry& e : all.entries) {
      shared += e.kind == field_kind::shared ? 1 : 0;
      f.slots_per_layer += e.kind == field_kind::chosen ? 1 : 0;
    }
    number_field_slots(all.entries.data(), all.entries.size(), shared, f.alternatives);
    f.slots_per_layer += f.alternatives > 1 ? 1 : 0;
    f.block_slot = shared;
    f.field_total = all.entries.size();
    f.fields = all.entries.data();
    f.field_options = all.options.data();
    f.block_names = all.names.data();
    f.configurations = f.independent ? f.max_layers : 1;
    if (f.independent && std::int64_t{f.configurations} * (f.slots_per_layer + 1) > most_slots)
      throw json_error(pointer + "/layers", std::to_string(f.max_layers) + " layers that choose on their own",
                       "fewer: at most 10000 decisions");
    const auto chosen = [](const std::optional<described_field>& of) {
      return of && of->how != field_kind::fixed ? options_of(*of) : 0;
    };
    f.stride_options = s == nullptr ? 0 : chosen(s->stride);
    f.skip_options = s == nullptr ? 0 : chosen(s->skip);
    f.number_slots();
  }

  const space_description& d_;
  std::vector<store> stores_;
  std::vector<stage_facts> facts_;
  std::vector<int> first_{};
  std::vector<short_text> names_{};
  std::vector<std::uint64_t> hashes_{};
  std::vector<slot_place> places_{};
};

}  // namespace detail
}  // namespace nascent
