#include "crossilo/cli/version.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <boost/version.hpp>

#include "crossilo/foreign/hdf5.hpp"
#include "crossilo/foreign/mpi.hpp"
#include "crossilo/foreign/openssl.hpp"
#include "crossilo/foreign/torch.hpp"
#include "crossilo/version.hpp"

namespace crossilo {

std::string version_text() {
  return fmt::format(
      "crossilo {}\nMPI       {}\nlibtorch  {}\nHDF5      {}\nOpenSSL   {}\nBoost     {}.{}.{}\nzlib      {}\n",
      kVersion, MpiSession::library_version(), TorchSession::version(), hdf5_version(), openssl_version(),
      BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100, zlibVersion());
}

}  // namespace crossilo
