"""What analyses, measurements, comparisons and checks give, as plain data. Reports read this."""
