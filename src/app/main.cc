#include "app/cli.h"

int main(int argc, char** argv) {
  return strata::app::RunCommandLine(argc, argv);
}
