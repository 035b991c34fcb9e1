// Asio and Beast are compiled here once; every other file only declares them.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
