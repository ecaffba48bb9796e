"""Where new programs come from: genetic programming (`offline`) and language models (`model`)."""
