#include "crossilo/comm/link_meter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "crossilo/base/check.hpp"

namespace crossilo {

LinkMeter::LinkMeter(Communicator& communicator, std::span<const int> site_of_rank)
    : communicator_(communicator),
      site_of_rank_(site_of_rank.begin(), site_of_rank.end()),
      views_(*std::ranges::max_element(site_of_rank_) + 1),
      own_site_(site_of_rank_.at(static_cast<std::size_t>(communicator.rank()))),
      begun_seconds_(communicator.clock().now_seconds()) {
  for (std::size_t site = 0; site < views_.size(); ++site)
    first_rank_.push_back(static_cast<int>(std::ranges::find(site_of_rank_, site) - site_of_rank_.begin()));
  CROSSILO_ASSERT(site_of_rank_.size() == static_cast<std::size_t>(communicator.size()));
}

double LinkMeter::now_seconds() const { return communicator_.clock().now_seconds() - begun_seconds_; }

void LinkMeter::begin_sum() {
  ++sums_;
  for (View& view : views_) view = View{.trips = view.trips};
}

void LinkMeter::note(double Trip::*moment, int rank) {
  const std::size_t site = site_of_rank_[static_cast<std::size_t>(rank)];
  if (sums_ > kSumsMax || communicator_.rank() != first_rank_[own_site_] || rank != first_rank_[site]) return;
  double& noted = views_[site].trips[sums_ - 1].*moment;
  if (std::isnan(noted)) noted = now_seconds();
}

void LinkMeter::leaves(Message message, int rank) {
  note(message == Message::total ? &Trip::total_left : &Trip::words_left, rank);
}

void LinkMeter::comes(Message message, int rank, std::size_t words, WordType type) {
  note(message == Message::total ? &Trip::total_came : &Trip::words_came, rank);
  if (type != WordType::u32) return;
  View& view = views_[site_of_rank_[static_cast<std::size_t>(rank)]];
  if (!std::isnan(view.first_total)) view.bytes_behind += static_cast<double>(words * size_of(type));
  if (message == Message::words) return;
  view.last_total = now_seconds();
  if (std::isnan(view.first_total)) view.first_total = view.last_total;
  view.bytes += std::exchange(view.bytes_behind, 0.0);
}

std::vector<SiteLink> LinkMeter::gather(const Deadline& deadline) {
  const std::size_t sites = views_.size();
  std::vector<View> all(site_of_rank_.size() * sites);
  all_gather(communicator_, std::as_bytes(std::span(views_)), std::as_writable_bytes(std::span(all)), deadline);

  const auto shortest_trip = [&](std::size_t from, std::size_t to) {
    double shortest = kNever;
    for (std::size_t sum = 0; sum < kSumsMax; ++sum) {
      const Trip& own = all[static_cast<std::size_t>(first_rank_[from]) * sites + to].trips[sum];
      const Trip& peer = all[static_cast<std::size_t>(first_rank_[to]) * sites + from].trips[sum];
      // fmin passes over what was not measured.
      shortest = std::fmin(shortest, (own.total_came - own.words_left) - (peer.total_left - peer.words_came));
    }
    return shortest;
  };
  const auto rate = [&](std::size_t from, std::size_t to) {
    double bytes = 0.0;
    double seconds = 0.0;
    for (std::size_t rank = 0; rank < site_of_rank_.size(); ++rank) {
      const View& view = all[rank * sites + from];
      if (site_of_rank_[rank] != to || view.bytes == 0.0) continue;
      bytes += view.bytes;
      seconds = std::max(seconds, view.last_total - view.first_total);
    }
    return bytes >= kBytesMin && seconds > 0.0 ? bytes / seconds : kNever;
  };
  std::vector<SiteLink> links;
  for (std::size_t site = 0; site < sites; ++site)
    for (std::size_t other = site + 1; other < sites; ++other) {
      SiteLink link{.site = site, .other_site = other};
      const double trip = std::fmin(shortest_trip(site, other), shortest_trip(other, site));
      const double bytes_per_second = std::fmin(rate(site, other), rate(other, site));
      if (!std::isnan(trip)) link.round_trip_seconds = std::max(trip, 0.0);
      if (!std::isnan(bytes_per_second)) link.bytes_per_second = bytes_per_second;
      links.push_back(link);
    }
  return links;
}

}  // namespace crossilo
